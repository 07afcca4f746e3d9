package npa

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// decode reads the body of an answer. Names are compared with their letter case, and one
// that comes twice is an error, like a value of another type; unknown names are ignored.
// What is no character becomes U+FFFD: a text that NOMIS mangled must not hide a row.
// The error quotes nothing of the body.
func decode[T any](body []byte, what string) (T, error) {
	var read T
	if err := json.Unmarshal(body, &read, jsontext.AllowInvalidUTF8(true)); err != nil {
		return read, unreadable("its answer is not " + what)
	}
	return read, nil
}

// decodeList reads a list, which may be empty but not null.
func decodeList[T any](body []byte, what string) ([]T, error) {
	read, err := decode[[]T](body, what)
	if err == nil && read == nil {
		return nil, unreadable("its answer is not " + what)
	}
	return read, err
}

// readSequence reads the answer of a POST.
func readSequence(body []byte) (int, error) {
	read, err := decode[struct {
		TypeSequence int `json:"typeSequence"`
	}](body, "a sequence")
	if err == nil && read.TypeSequence < 1 {
		return 0, unreadable("its answer is not a sequence")
	}
	return read.TypeSequence, err
}

// readRows reads the rows of one mirror. One wrong row makes the whole answer wrong: a
// mirror without it would look as if NOMIS had deleted it.
func readRows(body []byte, of, about domain.PrisonerNumber) ([]mirror.Row, error) {
	rows, err := decodeList[mirror.Row](body, "a list of rows")
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for _, row := range rows {
		switch {
		case row.OffenderNo != string(of) || row.NSOffenderNo != string(about):
			return nil, unreadable("its answer has a row of other prisoners")
		case row.TypeSequence < 1:
			return nil, unreadable("its answer has a row without a sequence")
		case seen[row.TypeSequence]:
			return nil, unreadable("its answer has two rows of one sequence")
		}
		seen[row.TypeSequence] = true
	}
	return rows, nil
}

// readPage reads a page of pairs, which must be the one that was asked for.
func readPage(body []byte, asked int) (Page, error) {
	read, err := decode[struct {
		Content *[]struct {
			One   string `json:"offenderNo1"`
			Other string `json:"offenderNo2"`
		} `json:"content"`
		Total  *int `json:"totalElements"`
		Number *int `json:"number"`
	}](body, "a page")
	switch {
	case err != nil:
		return Page{}, err
	case read.Content == nil || read.Total == nil || *read.Total < 0:
		return Page{}, unreadable("its answer is not a page")
	case read.Number != nil && *read.Number != asked:
		return Page{}, unreadable("its answer is another page")
	}
	page := Page{Total: *read.Total, Pairs: make([][2]string, 0, len(*read.Content))}
	for _, pair := range *read.Content {
		if pair.One == "" || pair.Other == "" {
			return Page{}, unreadable("its answer has a pair without numbers")
		}
		page.Pairs = append(page.Pairs, [2]string{pair.One, pair.Other})
	}
	return page, nil
}

// readMerges reads the merges of a prisoner. Of a wrong number it cannot be said whom it
// concerns, so it makes the whole answer wrong.
func readMerges(body []byte) ([]Merge, error) {
	read, err := decodeList[struct {
		Removed     string `json:"deletedOffenderNo"`
		Retained    string `json:"retainedOffenderNo"`
		RequestedAt string `json:"requestDateTime"`
	}](body, "a list of merges")
	if err != nil {
		return nil, err
	}
	merges := make([]Merge, 0, len(read))
	for _, one := range read {
		removed, errRemoved := domain.ParsePrisonerNumber(one.Removed)
		retained, errRetained := domain.ParsePrisonerNumber(one.Retained)
		if errRemoved != nil || errRetained != nil {
			return nil, unreadable("its answer has a merge without numbers")
		}
		merges = append(merges, Merge{Removed: removed, Retained: retained, RequestedAt: one.RequestedAt})
	}
	return merges, nil
}

// readBlocked reads where a screen is blocked.
func readBlocked(body []byte) ([]string, error) {
	read, err := decodeList[struct {
		Prison string `json:"prisonId"`
	}](body, "a list of prisons")
	if err != nil {
		return nil, err
	}
	prisons := make([]string, 0, len(read))
	for _, one := range read {
		if one.Prison == "" {
			return nil, unreadable("its answer has a prison without an id")
		}
		prisons = append(prisons, one.Prison)
	}
	return prisons, nil
}
