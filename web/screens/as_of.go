package screens

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// AsOf shows the list of a prisoner as it was at a time, as it was known at a time. It has
// no button that changes anything.
type AsOf struct {
	Key    person
	Notice string // of #as-of
	Empty  string // the sentence in place of the table
	Table  *govuk.Table
	Form   asOfForm
}

// asOfForm asks for the two times.
type asOfForm struct {
	TrueAt, KnownAt govuk.Input
	Show            govuk.Button
	Now             *govuk.Link // nil on the page of now
}

// formOf returns the form as it was typed, with its errors.
func formOf(number domain.PrisonerNumber, typed url.Values, errs []govuk.ErrorLink) asOfForm {
	input := func(name, label string) govuk.Input {
		field := govuk.Input{
			ID: "as-of-" + name, Name: name, Label: govuk.Label{Text: label}, Hint: "For example, 2023-07-01 or 2023-07-01 09:00",
			Value: one(typed, name), Width: 20, Exact: true, Autocomplete: "off",
		}
		for _, e := range errs {
			if e.Href == "#"+field.ID {
				field.Error = e.Text
			}
		}
		return field
	}
	form := asOfForm{
		TrueAt: input("trueAt", "True at"), KnownAt: input("knownAt", "Known at"),
		Show: govuk.Button{Text: "Show", Kind: govuk.Secondary},
	}
	if len(typed) > 0 {
		form.Now = &govuk.Link{Text: "Return to now", Href: historyPath(number)}
	}
	return form
}

// The texts of the errors.
const (
	badMoment = "Enter a date, or a date and time"
	tooLate   = "Known at must not be in the future"
)

// asItWas fills an answer with the list as it was. Times that are refused are a 400 with
// the form, and what happened until now below it.
func (s *Screens) asItWas(ctx context.Context, v *visit, of past, query url.Values, out *answer) error {
	at, errs := momentsOf(query, v.now)
	if len(errs) > 0 {
		out.status, out.errors, out.as = http.StatusBadRequest, errs, "" // the history is what is shown
		return s.asItHappened(ctx, v, of, query, out)
	}
	records, err := s.audit.AsOfPrisoner(ctx, of.pairs, of.number, at)
	if err != nil {
		return err
	}
	if !slices.Contains(v.session.Roles, roleAuditor) {
		records = slices.DeleteFunc(records, func(r audit.RecordAsOf) bool { return r.Deleted != nil })
	}
	var others []domain.PrisonerNumber
	for _, r := range records {
		others = append(others, r.Pair.Other(of.number))
	}
	everybody, err := s.peopleOf(ctx, of, others)
	if err != nil {
		return err
	}
	key := everybody.of(of.number)
	page := AsOf{Key: key, Notice: noticeOf(at), Form: formOf(of.number, query, nil)}
	if len(records) == 0 {
		page.Empty = "No record was open or closed at that time."
	} else {
		page.Table = asOfTable(records, key, everybody, v.now.Location())
	}
	out.page, out.crumbs = page, s.crumbsTo(v, key, openKind)
	out.warnings = slices.Concat(out.warnings, everybody.warnings())
	return nil
}

// momentsOf reads the two times, with the errors of the form. Two that are empty ask
// nothing. A field that was sent twice counts as empty.
func momentsOf(query url.Values, now time.Time) (audit.Moments, []govuk.ErrorLink) {
	trueAt, knownAt := text(query, "trueAt"), text(query, "knownAt")
	if trueAt == "" && knownAt == "" {
		return audit.Moments{}, []govuk.ErrorLink{{Text: badMoment, Href: "#as-of-trueAt"}}
	}
	at, err := audit.ParseMoments(trueAt, knownAt, "", now)
	if err == nil {
		return at, nil
	}
	var errs []govuk.ErrorLink
	for _, refused := range audit.MomentErrors(err) {
		why := badMoment
		if errors.Is(refused.Err, audit.ErrFuture) {
			why = tooLate
		}
		errs = append(errs, govuk.ErrorLink{Text: why, Href: "#as-of-" + refused.Parameter})
	}
	return at, errs
}

// noticeOf says what the page shows.
func noticeOf(at audit.Moments) string {
	return "You are viewing records as they were " + onMoment(at.True) + ", as known " + onMoment(at.Known) + "."
}

// onMoment returns a time of the notice; a day stands for its end.
func onMoment(m audit.Moment) string {
	if m.Day {
		return "at the end of " + govuk.Date(m.At)
	}
	return "on " + govuk.DateTime(m.At)
}

// asOfTable returns the list as it was, with today's names.
func asOfTable(records []audit.RecordAsOf, key person, everybody people, london *time.Location) *govuk.Table {
	table := &govuk.Table{
		ID: "as-of-list", Caption: key.Possessive() + " non-associations as they were", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: headName}, {Text: headReason}, {Text: headApart}, {Text: "Last updated"}, {Text: "State"}},
	}
	for _, r := range records {
		n, other := r.NonAssociation, everybody.of(r.Pair.Other(key.Number))
		name := govuk.Cell{Text: other.ListName()}
		if other.named {
			name.Below = string(other.Number)
		}
		table.Rows = append(table.Rows, govuk.Row{ID: n.ID.String(), Cells: []govuk.Cell{
			name,
			{Text: word(domain.Reasons(), n.Reason)},
			{Text: restriction(n.Restriction, n.TypeCode)},
			{Text: listDate(n.UpdatedAt.In(london))},
			stateCell(r, key.Number),
		}})
	}
	return table
}

// stateCell says what a record was: where it went or that it was deleted before all else.
func stateCell(r audit.RecordAsOf, number domain.PrisonerNumber) govuk.Cell {
	switch {
	case r.Deleted != nil:
		return govuk.Cell{Text: "Deleted"}
	case r.MovedTo != nil:
		return govuk.Cell{Text: "Moved to " + string(movedNumber(r, number))}
	}
	texts := dateTags(r.NonAssociation, r.State == audit.StateClosed, r.State == audit.StatePending)
	if len(texts) == 0 {
		return govuk.Cell{Text: "Open"}
	}
	return govuk.Cell{Tags: tags(texts)}
}

// movedNumber returns the number of the pair that a record went to which is not in the
// pair that it left. A pair of which both numbers changed has gone to the one that is not
// the other prisoner's.
func movedNumber(r audit.RecordAsOf, number domain.PrisonerNumber) domain.PrisonerNumber {
	for _, n := range r.MovedTo.Numbers() {
		if !r.Pair.Has(n) {
			return n
		}
	}
	return number
}
