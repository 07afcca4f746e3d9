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

// answers is what could be read of the answer of one request. When it is not complete, a
// number that is missing need not be unknown.
type answers struct {
	prisoners map[domain.PrisonerNumber]Prisoner
	complete  bool
}

// payload is one prisoner in an answer of the service, which has many more fields.
type payload struct {
	PrisonerNumber string `json:"prisonerNumber"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	PrisonID       string `json:"prisonId"`
	PrisonName     string `json:"prisonName"`
	CellLocation   string `json:"cellLocation"`
}

var errNoList = errors.New("its answer is not a list")

// readAnswers decodes one prisoner after the other, so that a large answer is never in
// memory as a whole. Prisoners that were not asked for are ignored. Errors: an answer
// that is not a JSON list, or is cut off.
func readAnswers(body io.Reader, asked []domain.PrisonerNumber) (answers, error) {
	wanted := make(map[domain.PrisonerNumber]bool, len(asked))
	for _, number := range asked {
		wanted[number] = true
	}
	a := answers{prisoners: map[domain.PrisonerNumber]Prisoner{}, complete: true}
	decoder := jsontext.NewDecoder(body)
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return answers{}, errNoList
	}
	for decoder.PeekKind() != ']' {
		value, err := decoder.ReadValue()
		if err != nil {
			return answers{}, errUnreadable(decoder)
		}
		a.add(value, wanted)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return answers{}, errUnreadable(decoder)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return answers{}, errNoList // something follows it
	}
	return a, nil
}

// errUnreadable says where the answer cannot be read, and quotes nothing of it: the error
// of the decoder may contain a name.
func errUnreadable(decoder *jsontext.Decoder) error {
	return fmt.Errorf("its answer cannot be read after %d bytes", decoder.InputOffset())
}

// add adds one prisoner. One that cannot be decoded makes the answer incomplete.
func (a *answers) add(value jsontext.Value, wanted map[domain.PrisonerNumber]bool) {
	var p payload
	if err := json.Unmarshal(value, &p); err != nil {
		a.complete = false
		return
	}
	number, err := domain.ParsePrisonerNumber(p.PrisonerNumber)
	if err != nil {
		a.complete = false
		return
	}
	// An answer to another question must not be shown, however well it is formed.
	if !wanted[number] {
		return
	}
	prisoner := p.as(number)
	// Of a contradiction only what both agree on is shown: a wrong cell is worse than none.
	if before, twice := a.prisoners[number]; twice && before != prisoner {
		prisoner = before.intersect(prisoner)
	}
	a.prisoners[number] = prisoner
}

// as returns the prisoner with texts that are fit to be shown.
func (p payload) as(number domain.PrisonerNumber) Prisoner {
	return Prisoner{
		Number: number, FirstName: sanitise(p.FirstName), LastName: sanitise(p.LastName),
		PrisonID: sanitise(p.PrisonID), PrisonName: sanitise(p.PrisonName), CellLocation: sanitise(p.CellLocation),
	}
}

// maxText is the most characters of a text. No name of a person, prison or cell is
// longer.
const maxText = 120

// sanitise returns the text, or an empty one when it is too long or not printable.
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
