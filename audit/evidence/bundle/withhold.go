package bundle

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
)

// withheld stands in place of what is not shown.
const withheld = "withheld"

// withholding rewrites facts so that nothing of others is left but their place in the
// record: number, name and what people wrote. What it does not know is withheld.
type withholding struct {
	own domain.PrisonerNumber
	// others are the numbers of others by the order in which they came. The second one is
	// withheld-2, so that the facts of two streams stay apart and a gap in one is seen.
	others map[string]int
}

var numberPattern = regexp.MustCompile(`[A-Za-z][0-9]{4}[A-Za-z]{2}`)

// numbers returns a text in which the numbers of others are withheld.
func (w withholding) numbers(text string) string {
	return numberPattern.ReplaceAllStringFunc(text, func(number string) string {
		if number == string(w.own) {
			return number
		}
		number = strings.ToUpper(number)
		if w.others[number] == 0 {
			w.others[number] = len(w.others) + 1
		}
		if w.others[number] == 1 {
			return withheld
		}
		return fmt.Sprintf("%s-%d", withheld, w.others[number])
	})
}

// removedKeys are left out. The command has what people wrote. From a command id, which a
// message id may be, digests of leaves could be tried out.
var removedKeys = []string{"command", "commandId", "correlationId", "causationId", "message"}

// shownKeys are the keys whose texts are shown: words of a vocabulary, dates, ids, and the
// user names of staff. A number of another person in them is withheld.
var shownKeys = []string{
	"nonAssociationId", "id", "lastFact",
	"effectiveDate", "expiryDate", "expiryWas", "closedAt", "reopenedAt", "openedAt", "updatedAt", "until", "decidedAt", "occurredAt",
	"typeCode", "restriction", "role", "reasonCode", "reasonCodes", "born", "source", "field", "held", "datePrecision",
	"closedBy", "reopenedBy", "updatedBy", "requestedBy", "actor",
	"namedFirst", "prisonerNumber", "previousPrisonerNumber", "via", "from", "to", "pair", "pairs", "about",
}

// reason shows a reason that is a word of a vocabulary, and withholds one that was written.
func (w withholding) reason(text string) string {
	known := slices.Contains([]string{
		"MERGE", string(domain.NotLatest), string(domain.AnotherNotClosed), string(domain.NamesDeleted), string(domain.Switched),
	}, text)
	for _, code := range domain.Reasons() {
		known = known || string(code.Code) == text
	}
	if known {
		return text
	}
	return withheld
}

// document returns JSON in which others are withheld; null for bytes that are no JSON
// object.
func (w withholding) document(text []byte) jsontext.Value {
	if jsontext.Value(text).Kind() != '{' {
		return null
	}
	rewritten, err := w.value("", text)
	if err != nil {
		return null
	}
	return rewritten
}

// value rewrites the value of a key. Errors: text that is no JSON.
func (w withholding) value(key string, value jsontext.Value) (jsontext.Value, error) {
	switch value.Kind() {
	case '"':
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return nil, fmt.Errorf("read a text: %w", err)
		}
		return marshal(w.text(key, text))
	case '[':
		var all []jsontext.Value
		if err := json.Unmarshal(value, &all); err != nil {
			return nil, fmt.Errorf("read a list: %w", err)
		}
		for i := range all {
			var err error
			if all[i], err = w.value(key, all[i]); err != nil {
				return nil, err
			}
		}
		return marshal(all)
	case '{':
		return w.object(key, value)
	default:
		return value, nil // a number, true, false or null
	}
}

// object rewrites the keys, which may be numbers of prisoners, and the values. What lies in
// an object by prisoner number is under the key of that object, and the value of a change
// under the field that changed.
func (w withholding) object(key string, value jsontext.Value) (jsontext.Value, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	var field string
	_ = json.Unmarshal(members["field"], &field) // none: no change, or one that is withheld
	out := make(map[string]jsontext.Value, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(removedKeys, name) {
			continue
		}
		under := name
		if _, err := domain.ParsePrisonerNumber(name); err == nil {
			under = key
		}
		if name == "was" || name == "now" {
			under = field
		}
		rewritten, err := w.value(under, members[name])
		if err != nil {
			return nil, err
		}
		out[w.numbers(name)] = rewritten
	}
	return marshal(out)
}

// marshal writes JSON that is the same for equal values.
func marshal(value any) (jsontext.Value, error) {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write a rewritten fact: %w", err)
	}
	return text, nil
}

func (w withholding) text(key, text string) string {
	switch {
	case key == "reason":
		return w.reason(text)
	case slices.Contains(shownKeys, key):
		return w.numbers(text)
	default:
		return withheld
	}
}
