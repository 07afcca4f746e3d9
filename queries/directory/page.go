package directory

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var errNoPage = errors.New("its answer is not a page")

// readPage decodes a page as Spring writes it: an object with the people in content and
// the number of people on all pages in totalElements. Its other members are ignored.
// Errors: an answer that is no such object, lacks one of the two, or is cut off.
func readPage(body io.Reader, wanted func(Prisoner) bool) (answers, error) {
	a := newAnswers()
	decoder := jsontext.NewDecoder(body)
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return answers{}, errNoPage
	}
	hasPeople, hasTotal := false, false
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return answers{}, errUnreadable(decoder)
		}
		switch name.String() {
		case "content":
			hasPeople, err = true, a.addContent(decoder, wanted)
		case "totalElements":
			hasTotal, err = true, a.setTotal(decoder)
		default:
			err = decoder.SkipValue()
		}
		if err != nil {
			return answers{}, errUnreadable(decoder)
		}
	}
	if _, err := decoder.ReadToken(); err != nil {
		return answers{}, errUnreadable(decoder)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) || !hasPeople || !hasTotal {
		return answers{}, errNoPage
	}
	return a, nil
}

// addContent adds the people of a page.
func (a *answers) addContent(decoder *jsontext.Decoder, wanted func(Prisoner) bool) error {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return errNoPage
	}
	return a.addList(decoder, wanted)
}

// setTotal reads the number of people on all pages.
func (a *answers) setTotal(decoder *jsontext.Decoder) error {
	value, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(value, &a.total); err != nil || value.Kind() != '0' || a.total < 0 {
		return errNoPage
	}
	return nil
}
