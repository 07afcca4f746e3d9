package directory

import (
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
)

// answers are what can be used of an answer. When it is not whole, a number
// that is not among them need not be unknown.
type answers struct {
	prisoners map[domain.PrisonerNumber]Prisoner
	whole     bool
}

// payload is one prisoner as the service tells; it tells much more.
type payload struct {
	PrisonerNumber string `json:"prisonerNumber"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	PrisonID       string `json:"prisonId"`
	PrisonName     string `json:"prisonName"`
	CellLocation   string `json:"cellLocation"`
}

var errNoList = errors.New("its answer is not a list")

// readAnswers takes one prisoner after the other, so that a large answer is
// never whole in memory. It takes only what was asked for.
func readAnswers(body io.Reader, asked []domain.PrisonerNumber) (answers, error) {
	wanted := make(map[domain.PrisonerNumber]bool, len(asked))
	for _, number := range asked {
		wanted[number] = true
	}
	a := answers{prisoners: map[domain.PrisonerNumber]Prisoner{}, whole: true}
	decoder := jsontext.NewDecoder(body)
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return answers{}, errNoList
	}
	for decoder.PeekKind() != ']' {
		value, err := decoder.ReadValue()
		if err != nil {
			return answers{}, errUnreadable(decoder)
		}
		a.take(value, wanted)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return answers{}, errUnreadable(decoder)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return answers{}, errNoList // something follows it
	}
	return a, nil
}

// errUnreadable says where, and nothing of what stood there: the decoder's own
// words may quote a name.
func errUnreadable(decoder *jsontext.Decoder) error {
	return fmt.Errorf("its answer cannot be read after %d bytes", decoder.InputOffset())
}

func (a *answers) take(value jsontext.Value, wanted map[domain.PrisonerNumber]bool) {
	var t payload
	if err := json.Unmarshal(value, &t); err != nil {
		a.whole = false
		return
	}
	number, err := domain.ParsePrisonerNumber(t.PrisonerNumber)
	if err != nil {
		a.whole = false
		return
	}
	if !wanted[number] {
		return
	}
	prisoner := t.as(number)
	if before, twice := a.prisoners[number]; twice && before != prisoner {
		prisoner = before.intersect(prisoner)
	}
	a.prisoners[number] = prisoner
}

// intersect keeps what two answers of the same number agree on.
func (p Prisoner) intersect(other Prisoner) Prisoner {
	agreed := func(one, other string) string {
		if one != other {
			return ""
		}
		return one
	}
	p.PrisonID, p.PrisonName = agreed(p.PrisonID, other.PrisonID), agreed(p.PrisonName, other.PrisonName)
	p.CellLocation = agreed(p.CellLocation, other.CellLocation)
	p.FirstName, p.LastName = agreed(p.FirstName, other.FirstName), agreed(p.LastName, other.LastName)
	return p
}

func (t payload) as(number domain.PrisonerNumber) Prisoner {
	return Prisoner{
		Number: number, FirstName: sanitise(t.FirstName), LastName: sanitise(t.LastName),
		PrisonID: sanitise(t.PrisonID), PrisonName: sanitise(t.PrisonName), CellLocation: sanitise(t.CellLocation),
	}
}

// maxText is longer than any name of a person, a prison or a cell.
const maxText = 120

// sanitise is the text, or nothing when it is no text to show people.
func sanitise(text string) string {
	if len(text) > maxText*utf8.UTFMax || utf8.RuneCountInString(text) > maxText {
		return ""
	}
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\u00a0' {
			return ""
		}
	}
	return text
}
