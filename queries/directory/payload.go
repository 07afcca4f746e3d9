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
	order     []domain.PrisonerNumber // the numbers of prisoners, as the service ordered them
	complete  bool
	total     int // of a page: how many people all pages have by the service's count
}

// payload is one prisoner in an answer of the service, which has many more fields.
type payload struct {
	PrisonerNumber string `json:"prisonerNumber"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	PrisonID       string `json:"prisonId"`
	PrisonName     string `json:"prisonName"`
	CellLocation   string `json:"cellLocation"`

	LocationDescription string `json:"locationDescription"`
	InOutStatus         string `json:"inOutStatus"`
	LastPrisonID        string `json:"lastPrisonId"`
	RestrictedPatient   bool   `json:"restrictedPatient"`
	SupportingPrisonID  string `json:"supportingPrisonId"`
}

// fieldsParameter is the parameter that asks for some fields of a prisoner alone.
const fieldsParameter = "responseFields"

// sizeParameter is the parameter that says how many people a page has.
const sizeParameter = "size"

// responseFields are the fields of payload.
const responseFields = "prisonerNumber,firstName,lastName,prisonId,prisonName,cellLocation," +
	"locationDescription,inOutStatus,lastPrisonId,restrictedPatient,supportingPrisonId"

var errNoList = errors.New("its answer is not a list")

// readAnswers decodes one prisoner after the other, so that a large answer is never in
// memory as a whole. Prisoners that were not asked for are ignored. Errors: an answer
// that is not a JSON list, or is cut off.
func readAnswers(body io.Reader, asked []domain.PrisonerNumber) (answers, error) {
	wanted := make(map[domain.PrisonerNumber]bool, len(asked))
	for _, number := range asked {
		wanted[number] = true
	}
	a := newAnswers()
	decoder := jsontext.NewDecoder(body)
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return answers{}, errNoList
	}
	if err := a.addList(decoder, func(p Prisoner) bool { return wanted[p.Number] }); err != nil {
		return answers{}, err
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

func newAnswers() answers {
	return answers{prisoners: map[domain.PrisonerNumber]Prisoner{}, complete: true}
}

// addList adds the rest of a list, of which the decoder has read the beginning. Prisoners
// that are not wanted are ignored: an answer to another question must not be shown,
// however well it is formed.
func (a *answers) addList(decoder *jsontext.Decoder, wanted func(Prisoner) bool) error {
	for decoder.PeekKind() != ']' {
		value, err := decoder.ReadValue()
		if err != nil {
			return errUnreadable(decoder)
		}
		a.add(value, wanted)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return errUnreadable(decoder)
	}
	return nil
}

// add adds one prisoner. One that cannot be decoded makes the answer incomplete.
func (a *answers) add(value jsontext.Value, wanted func(Prisoner) bool) {
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
	prisoner := p.as(number)
	if !wanted(prisoner) {
		return
	}
	before, twice := a.prisoners[number]
	if !twice {
		a.order = append(a.order, number)
	}
	// Of a contradiction only what both agree on is shown: a wrong cell is worse than none.
	if twice && before != prisoner {
		prisoner = before.intersect(prisoner)
	}
	a.prisoners[number] = prisoner
}

// as returns the prisoner with texts that are fit to be shown.
func (p payload) as(number domain.PrisonerNumber) Prisoner {
	return Prisoner{
		Number: number, FirstName: sanitise(p.FirstName), LastName: sanitise(p.LastName),
		PrisonID: sanitise(p.PrisonID), PrisonName: sanitise(p.PrisonName), CellLocation: sanitise(p.CellLocation),
		LocationDescription: sanitise(p.LocationDescription), InOutStatus: sanitise(p.InOutStatus),
		LastPrisonID: sanitise(p.LastPrisonID), SupportingPrisonID: sanitise(p.SupportingPrisonID),
		RestrictedPatient: p.RestrictedPatient,
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
