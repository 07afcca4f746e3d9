package screens

import (
	"context"
	"net/http"
	"slices"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// Conflict is the answer to a form whose record was changed since it was opened.
type Conflict struct {
	Table *govuk.Table // nil when no field stands in it
	// Sentence says that the record was closed or reopened; "" while the form can still be
	// saved.
	Sentence string
	Typed    *govuk.SummaryList // what was typed, where there is no form
	Body     *formBody
	Return   govuk.Link
}

// meanwhile is what happened to a record since a form was opened.
type meanwhile struct {
	opened *audit.TimelineEntry  // as the form was opened; nil when the log does not say
	since  []audit.TimelineEntry // the newest first
	now    *audit.Record         // nil: it is deleted
}

// meanwhileOf reads the log: the read model may be behind it.
func (s *Screens) meanwhileOf(ctx context.Context, w writing, d draft) (meanwhile, error) {
	entries, err := s.audit.TimelineOfRecord(ctx, []string{w.pair.Stream()}, w.id)
	if err != nil || len(entries) == 0 {
		return meanwhile{}, err
	}
	m := meanwhile{now: entries[0].After}
	for i, e := range entries {
		if e.Fact.ID.String() == d.etag {
			m.opened, m.since = &entries[i], entries[:i]
			break
		}
	}
	return m, nil
}

// changed returns the values that were changed, each once, by the numbers that the
// prisoners have now. A reason of NOMIS that follows from a changed reason or role is no
// further change.
func (m meanwhile) changed() map[changeKey]bool {
	all := map[changeKey]bool{}
	for _, e := range m.since {
		for _, c := range e.Changes {
			if c.Field != domain.FieldTypeSequence {
				all[changeKey{c.Field, m.numberNow(e, c.PrisonerNumber)}] = true
			}
		}
	}
	for key := range all {
		if key.field == domain.FieldReasonCode && (all[changeKey{field: domain.FieldReason}] || all[changeKey{domain.FieldRole, key.of}]) {
			delete(all, key)
		}
	}
	return all
}

// changeKey is a value of a record; of a side with the number of the prisoner.
type changeKey struct {
	field domain.Field
	of    domain.PrisonerNumber
}

// numberNow returns the number of a prisoner now. A merge after the entry may have changed
// one of the two.
func (m meanwhile) numberNow(e audit.TimelineEntry, number domain.PrisonerNumber) domain.PrisonerNumber {
	if number == "" || e.After == nil || m.now.Pair.Has(number) || !e.After.Pair.Has(number) {
		return number
	}
	other := e.After.Pair.Other(number)
	if !m.now.Pair.Has(other) {
		return number
	}
	return m.now.Pair.Other(other)
}

// isOfSequenceAlone reports whether nothing that the record shows has changed.
func (m meanwhile) isOfSequenceAlone() bool {
	return m.opened != nil && !slices.ContainsFunc(m.since, func(e audit.TimelineEntry) bool {
		return e.Act != audit.NotTakenOver && !isOfSequence(e.Fact.Event)
	})
}

// couldTake reports whether the record could take an act when the form was opened, by the
// day of the fact that the form has.
func (m meanwhile) couldTake(act domain.Act, london *time.Location) bool {
	if m.opened == nil || m.opened.After == nil {
		return false
	}
	day := domain.Today(m.opened.Fact.Meta.DecidedAt.In(london))
	return act.Fits(m.opened.After.NonAssociation.IsClosed(day))
}

// changedMeanwhile shows what has changed since the form was opened, and below it the form
// as typed. Where the record cannot take the act any more what was typed stands as text. A
// record that is deleted, or that could not take the act at all, is not found.
func (s *Screens) changedMeanwhile(ctx context.Context, v *visit, w writing, out answer, d draft) (answer, error) {
	m, err := s.meanwhileOf(ctx, w, d)
	if err != nil {
		return s.notSaved(ctx, v, w, out, d, err), nil
	}
	if m.now == nil {
		return out, notFound()
	}
	if m.now.Pair != w.pair {
		if err := s.follow(ctx, &w, m.now.Pair); err != nil {
			return out, err
		}
	}
	w.record = &m.now.NonAssociation
	fits := w.fits(domain.Today(v.now))
	if !fits && !m.couldTake(w.form.act, v.now.Location()) {
		return out, notFound()
	}
	page := Conflict{Return: govuk.Link{Text: "View the non-association", Href: recordPath(w.key, w.id), NewTab: true}}
	if fits {
		page.Table = w.conflictTable(m, d)
		// It is a form of its own: what is saved from it is another save.
		again := draft{values: d.values, key: s.newID(), etag: w.record.LastEventID.String()}
		page.Body = new(w.body(v, again))
	} else {
		page.Sentence, page.Typed = w.turned(m, v.now.Location()), w.typed(d)
	}
	out.status, out.title, out.page, out.warnings = http.StatusConflict, "Somebody changed this", page, nil
	return out, nil
}

// follow goes on with a record that a merge has moved to another pair.
func (s *Screens) follow(ctx context.Context, w *writing, pair domain.Pair) error {
	if !pair.Has(w.key) {
		if w.pair.Has(w.key) && pair.Has(w.o.Number) {
			w.key = pair.Other(w.o.Number)
		} else {
			return notFound()
		}
	}
	w.pair = pair
	return s.readPeople(ctx, w)
}

// typed returns what was typed, as text.
func (w writing) typed(d draft) *govuk.SummaryList {
	list := &govuk.SummaryList{ID: "typed"}
	for _, f := range w.form.fields(w.p, w.o) {
		list.Rows = append(list.Rows, govuk.SummaryRow{Key: f.label, Text: f.words(d.values), Lines: true})
	}
	return list
}

// turned says who closed or reopened the record, and when.
func (w writing) turned(m meanwhile, london *time.Location) string {
	did, act, by, at := wordClosed, audit.Closed, w.record.ClosedBy, ""
	if w.record.ExpiryDate != nil {
		at = longTime(*w.record.ExpiryDate)
	} else {
		did, act, by = "Reopened", audit.Reopened, w.record.UpdatedBy
	}
	for _, e := range m.since {
		if e.Act == act {
			at = govuk.DateTime(e.Fact.Meta.OccurredAt.In(london))
			if act == audit.Reopened && e.After != nil {
				by = e.After.NonAssociation.UpdatedBy
			}
			break
		}
	}
	if by != "" {
		did += " by " + by
	}
	return did + " on " + at + "."
}

// conflictTable has the fields that were changed, and of an update those that differ from
// what was typed.
func (w writing) conflictTable(m meanwhile, d draft) *govuk.Table {
	hasYours := w.form.act == domain.ActUpdate
	table := &govuk.Table{
		ID: "conflict", Caption: "What has changed", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Field"}, {Text: "Now"}},
	}
	if hasYours {
		table.Head = append(table.Head, govuk.Header{Text: "Yours"})
	}
	changed := m.changed()
	yours := w.yours(d)
	for _, f := range w.recordFields(m) {
		mine, isOfForm := yours[f.name]
		differs := hasYours && isOfForm && !sameText(mine, f.now)
		if !differs && !slices.ContainsFunc(f.keys, func(k changeKey) bool { return changed[k] }) {
			continue
		}
		cells := []govuk.Cell{{Text: f.label}, {Text: orText(f.shown, orText(f.now, noValue)), Lines: true}}
		if hasYours {
			cells = append(cells, govuk.Cell{Text: orText(mine, "–"), Lines: true})
		}
		table.Rows = append(table.Rows, govuk.Row{Cells: cells})
	}
	return table
}

// nameOfEnd returns the name of the expiry date: of a record that is reopened, or that was
// closed or reopened since the form was opened, it is when it was closed.
func (m meanwhile) nameOfEnd(act domain.Act) string {
	turned := func(e audit.TimelineEntry) bool { return e.Act == audit.Closed || e.Act == audit.Reopened }
	if act == domain.ActReopen || slices.ContainsFunc(m.since, turned) {
		return wordClosed
	}
	return "Ends"
}

// recordField is a value of a record as a conflict shows it.
type recordField struct {
	name  string // of the field of a form; "" for none
	label string
	now   string // as the form says it
	shown string // as the table says it; "" for as the form says it
	keys  []changeKey
}

// recordFields are the values of the record now, in the order of pages. Those that a page
// of a record shows have its names.
func (w writing) recordFields(m meanwhile) []recordField {
	n := w.record
	value := func(field domain.Field, name string, now *string) recordField {
		return recordField{label: name, now: valueText(field, now), keys: []changeKey{{field: field}}}
	}
	fields := []recordField{
		{fieldReason, headReason, word(domain.Reasons(), n.Reason), "", []changeKey{{field: domain.FieldReason}}},
		{fieldRole, w.p.Possessive() + " role", word(domain.Roles(), n.Sides[w.p.Number].Role), "", []changeKey{{domain.FieldRole, w.p.Number}}},
		{fieldOtherRole, w.o.Possessive() + " role", word(domain.Roles(), n.Sides[w.o.Number].Role), "", []changeKey{{domain.FieldRole, w.o.Number}}},
		{
			fieldRestriction, headApart, word(domain.Restrictions(), n.Restriction), restriction(n.Restriction, n.TypeCode),
			[]changeKey{{field: domain.FieldRestriction}, {field: domain.FieldTypeCode}},
		},
		{fieldComment, headComments, textOf(n.Comment), "", []changeKey{{field: domain.FieldComment}}},
		value(domain.FieldEffectiveDate, "Starts", (*string)(&n.EffectiveDate)),
		value(domain.FieldExpiryDate, m.nameOfEnd(w.form.act), (*string)(n.ExpiryDate)),
		value(domain.FieldAuthorisedBy, "Authorised by", n.AuthorisedBy),
	}
	for _, of := range []person{w.p, w.o} {
		code := n.Sides[of.Number].ReasonCode
		fields = append(fields, recordField{
			label: of.Possessive() + " reason in NOMIS", now: word(domain.ReasonCodes(), code), keys: []changeKey{{domain.FieldReasonCode, of.Number}},
		})
	}
	return fields
}

// yours returns what was typed or chosen, in words, by field.
func (w writing) yours(d draft) map[string]string {
	words := map[string]string{}
	for _, f := range w.form.fields(w.p, w.o) {
		words[f.name] = f.words(d.values)
	}
	return words
}
