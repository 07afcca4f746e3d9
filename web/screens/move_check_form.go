package screens

import (
	"net/url"
	"slices"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/govuk"
)

// Fields of the form of a move check.
const (
	fieldMoved       = "prisoner"
	fieldDestination = "to"
)

// maxMoved is how many prisoners one check may be about.
const maxMoved = 30

// moveForm is the form of a move check.
type moveForm struct {
	Prisoner govuk.Textarea
	To       govuk.Input
	Check    govuk.Button
}

// newMoveForm returns the form with what was asked.
func newMoveForm(query url.Values, prison string) moveForm {
	return moveForm{
		Prisoner: govuk.Textarea{
			ID: "move-prisoner", Name: fieldMoved, Label: govuk.Label{Text: "Prison numbers"}, Hint: "One a line, at most 30",
			Value: text(query, fieldMoved), Rows: 8, Exact: true,
		},
		To: govuk.Input{
			ID: "move-to", Name: fieldDestination, Label: govuk.Label{Text: "Wing, landing or cell"}, Width: 20, Exact: true, Value: text(query, fieldDestination),
			Hint: "For example A, A-1 or A-1-002. Leave it empty for anywhere in " + prison + ".",
		},
		Check: govuk.Button{Text: "Check"},
	}
}

// fault shows what is wrong in the two fields, in their order.
func (f *moveForm) fault(out *answer, lines []string, to string) {
	for _, line := range lines {
		out.errors = append(out.errors, govuk.ErrorLink{Text: line, Href: "#" + f.Prisoner.ID})
	}
	f.Prisoner.Error = strings.Join(lines, ". ")
	if to != "" {
		out.errors = append(out.errors, govuk.ErrorLink{Text: to, Href: "#" + f.To.ID})
		f.To.Error = to
	}
}

// moved are the lines of the field of prison numbers. A line that was written twice counts
// once.
type moved []movedLine

// movedLine is one line. Number is empty when it is none.
type movedLine struct {
	text   string
	number domain.PrisonerNumber
}

// readMoved reads the lines that are not empty.
func readMoved(query url.Values) moved {
	var m moved
	known := map[movedLine]bool{}
	for line := range strings.Lines(text(query, fieldMoved)) {
		one := movedLine{text: strings.TrimSpace(line)}
		if number, err := domain.ParsePrisonerNumber(one.text); err == nil {
			one = movedLine{string(number), number}
		}
		if one.text != "" && !known[one] {
			known[one] = true
			m = append(m, one)
		}
	}
	return m
}

// subjects returns the numbers that a check is about: nobody's when there are too many
// lines.
func (m moved) subjects() []domain.PrisonerNumber {
	numbers := []domain.PrisonerNumber{}
	if len(m) > maxMoved {
		return numbers
	}
	for _, line := range m {
		if line.number != "" {
			numbers = append(numbers, line.number)
		}
	}
	return numbers
}

// faults returns the errors of the lines in their order.
func (m moved) faults(unknown whereabouts.UnknownPrisoners) []string {
	switch {
	case len(m) == 0:
		return []string{"Enter a prison number"}
	case len(m) > maxMoved:
		return []string{tooManyMoved}
	}
	var all []string
	for _, line := range m {
		switch {
		case line.number == "":
			all = append(all, echoed(line.text)+" is not a prison number")
		case slices.Contains(unknown, line.number):
			all = append(all, echoed(line.text)+" is not known")
		}
	}
	return all
}

// summary returns the question as it was asked, for the page and for paper.
func (m moved) summary(everybody people, to string) govuk.SummaryList {
	lines := make([]string, len(m))
	for i, line := range m {
		lines[i] = withNumber(everybody.of(line.number))
	}
	return govuk.SummaryList{ID: "question", Rows: []govuk.SummaryRow{
		{Key: "To be moved", Text: strings.Join(lines, "\n"), Lines: true}, {Key: "To", Text: to},
	}}
}
