package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

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
	var values map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&values) != nil || values == nil {
		return null
	}
	rewritten, err := json.Marshal(w.object(values))
	if err != nil {
		return null
	}
	return rewritten
}

// object rewrites the keys, which may be numbers of prisoners, and the values.
func (w withholding) object(values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	field, _ := values["field"].(string)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(removedKeys, key) {
			continue
		}
		under := key
		if key == "was" || key == "now" { // the value of a change, which its field names
			under = field
		}
		out[w.numbers(key)] = w.value(under, values[key])
	}
	return out
}

// value rewrites the value of a key. What lies in an object by prisoner number is under the
// key of that object.
func (w withholding) value(key string, value any) any {
	switch v := value.(type) {
	case string:
		return w.text(key, v)
	case []any:
		all := make([]any, len(v))
		for i, one := range v {
			all[i] = w.value(key, one)
		}
		return all
	case map[string]any:
		if !w.byNumber(v) {
			return w.object(v)
		}
		out := make(map[string]any, len(v))
		for _, number := range slices.Sorted(maps.Keys(v)) {
			out[w.numbers(number)] = w.value(key, v[number])
		}
		return out
	default:
		return v // a number, true, false or null
	}
}

// byNumber reports whether all keys are prisoner numbers.
func (w withholding) byNumber(values map[string]any) bool {
	for key := range values {
		if _, err := domain.ParsePrisonerNumber(key); err != nil {
			return false
		}
	}
	return len(values) > 0
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
