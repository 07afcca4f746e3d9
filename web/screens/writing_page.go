package screens

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// Form is the page of a form that writes a record.
type Form struct {
	Heading  string
	Involved []involved // both of them, the key prisoner first
	// ClosedBefore are the closed records of the pair, above an add form.
	ClosedBefore *govuk.Table
	Body         formBody
}

// formBody is the form itself. Its fields stand in the order radios, texts, line.
type formBody struct {
	Action string
	Hidden []hidden
	Radios []govuk.Radios
	Texts  []govuk.CharacterCount
	Line   *govuk.Input
	Next   []string
	Save   govuk.Button
	Cancel govuk.Link
}

// fresh returns the draft of a form that is opened now.
func (w writing) fresh(key uuid.UUID) draft {
	d := draft{values: w.stored(), key: key}
	if w.record != nil {
		d.etag = w.record.LastEventID.String()
	}
	return d
}

// formAnswer returns the page of a form without its content.
func (s *Screens) formAnswer(v *visit, w writing) answer {
	out := answer{title: w.form.title, position: w.position}
	if w.key == "" {
		return out // the address names nobody
	}
	out.subjects = []domain.PrisonerNumber{w.key}
	if w.pair.Has(w.key) {
		out.subjects = append(out.subjects, w.pair.Other(w.key))
	}
	out.crumbs = s.crumbsTo(v, w.p, openKind)
	if w.id != uuid.Nil {
		out.crumbs = append(out.crumbs, crumb{recordTitle, recordPath(w.key, w.id)})
	}
	return out
}

// page returns the page of the form with a draft.
func (w writing) page(v *visit, d draft) Form {
	page := Form{Heading: w.form.heading, Involved: involvedIn(w.everybody, w.p, w.o), Body: w.body(v, d)}
	if w.form.act == domain.ActAdd {
		page.ClosedBefore = w.closedBefore(v)
	}
	return page
}

// body returns the form with a draft.
func (w writing) body(v *visit, d draft) formBody {
	b := formBody{Action: w.path(), Next: w.form.next, Save: w.form.save, Cancel: govuk.Link{Text: "Cancel", Href: listPath(w.key, openKind)}}
	b.Hidden = []hidden{{hiddenForm, w.form.id}, {hiddenKey, d.key.String()}, {hiddenUser, v.session.UserName}}
	if w.id != uuid.Nil {
		b.Hidden = append(b.Hidden, hidden{hiddenETag, d.etag})
		b.Cancel.Href = recordPath(w.key, w.id)
	}
	for _, f := range w.form.fields(w.p, w.o) {
		id, fault := w.form.id+"-"+f.name, d.faults[f.name]
		if n := w.record; f.name == fieldRestriction && n != nil && nomisType(n.TypeCode) != "" {
			f.hint = restriction(n.Restriction, n.TypeCode)
		}
		switch {
		case f.choices != nil:
			b.Radios = append(b.Radios, govuk.Radios{
				ID: id, Name: f.name, Legend: govuk.Legend{Text: f.label, Size: "m"}, Hint: f.hint, Error: fault,
				Value: f.chosen(d.values), Choices: f.choices,
			})
		case f.oneLine:
			b.Line = &govuk.Input{ID: id, Name: f.name, Label: govuk.Label{Text: f.label, Size: "m"}, Hint: f.hint, Error: fault, Value: one(d.values, f.name), Width: 20, Exact: true}
		default:
			b.Texts = append(b.Texts, govuk.CharacterCount{Max: f.limit, Textarea: govuk.Textarea{
				ID: id, Name: f.name, Label: govuk.Label{Text: f.label, Size: "m"}, Hint: f.hint, Error: fault, Value: one(d.values, f.name),
			}})
		}
	}
	return b
}

// closedBefore returns the table of the pair's closed records; nil when there are none.
func (w writing) closedBefore(v *visit) *govuk.Table {
	if len(w.closed) == 0 {
		return nil
	}
	table := &govuk.Table{
		ID: "closed-before", Caption: "Closed non-associations of these prisoners", Size: "m", Scrolls: true,
		Head: []govuk.Header{{Text: "Date closed"}, {Text: headReason}, {Text: headApart}, {Text: "Closing comments"}, {Text: headActions, Hidden: true}},
	}
	for _, n := range w.closed {
		closed := day(*n.ExpiryDate)
		table.Rows = append(table.Rows, govuk.Row{ID: n.ID.String(), Cells: []govuk.Cell{
			{Text: closed},
			{Text: word(domain.Reasons(), n.Reason)},
			{Text: restriction(n.Restriction, n.TypeCode)},
			{Text: n.ClosedReason, Lines: true},
			{Link: &govuk.Link{
				Text: viewDetails, Hidden: "of " + withNumber(w.o) + ", " + closed, Href: recordPath(w.key, n.ID),
				NewTab: v.request.Method == http.MethodPost,
			}},
		}})
	}
	return table
}

// alreadyOpen warns of the open record of the same two prisoners.
func (w writing) alreadyOpen(id uuid.UUID) govuk.Warning {
	return govuk.Warning{
		Text: "There is already an open non-association between these 2 prisoners",
		Link: &govuk.Link{Text: "View the existing non-association", Href: recordPath(w.key, id)},
	}
}

// shows returns the handler that shows a form.
func (s *Screens) shows(f form) handler {
	return func(ctx context.Context, v *visit) (answer, error) { return s.showForm(ctx, v, f) }
}

// showForm shows a form as it stands now, or filled with what was kept of it when a
// session was over.
func (s *Screens) showForm(ctx context.Context, v *visit, f form) (answer, error) {
	w, err := s.readWriting(ctx, v, f)
	out := s.formAnswer(v, w)
	if err != nil {
		return out, err
	}
	if w.merged != "" {
		if err := s.sessions.MoveKeptForm(ctx, *v.session, v.request, w.path()); err != nil {
			return out, unavailable(err)
		}
		out.redirect = w.movedTo(v.request)
		return out, nil
	}
	if err := v.require(f.act, w.everybody, w.p, w.o); err != nil {
		return out, err
	}
	for _, number := range out.subjects {
		if err := s.warnOfMerge(ctx, v, number, &out); err != nil {
			return out, err
		}
	}
	kept, err := s.sessions.KeptForm(ctx, *v.session, v.request)
	switch {
	case err != nil:
		return out, unavailable(err)
	case kept != nil && isOfAnother(v, kept):
		s.forgetKept(ctx, v)
		return s.openedByAnother(v, w, out)
	case kept != nil:
		return s.showKept(ctx, v, w, out, kept)
	case !w.fits(domain.Today(v.now)):
		return out, notFound()
	}
	out.page = w.page(v, w.fresh(s.newID()))
	out.warnings = slices.Concat(out.warnings, w.openWarnings())
	return out, nil
}

// forgetKept forgets what was kept of a form. It is kept until then, so that a page that
// never arrived can be asked for again.
func (s *Screens) forgetKept(ctx context.Context, v *visit) {
	if _, err := s.sessions.TakeKeptForm(ctx, *v.session, v.request); err != nil {
		s.logger.WarnContext(ctx, "kept form not forgotten", slog.String("requestId", v.id.String()), slog.Any("error", err))
	}
}

// showKept shows what was typed before the session was over, with the change of the record
// that the user had seen: what happened since is found when it is saved.
func (s *Screens) showKept(ctx context.Context, v *visit, w writing, out answer, kept url.Values) (answer, error) {
	d := draftOf(kept, s.newID)
	if !w.fits(domain.Today(v.now)) {
		return s.changedMeanwhile(ctx, v, w, out, d)
	}
	out.page = w.page(v, d)
	out.warnings = slices.Concat(out.warnings, []govuk.Warning{{Text: signedOutWarning}}, w.openWarnings())
	return out, nil
}

// openWarnings warns of the open record of an add form's pair.
func (w writing) openWarnings() []govuk.Warning {
	if w.open == nil {
		return nil
	}
	return []govuk.Warning{w.alreadyOpen(w.open.ID)}
}

// isOfAnother reports whether a form was drawn for another user than that of the session.
func isOfAnother(v *visit, sent url.Values) bool {
	user := one(sent, hiddenUser)
	return user != "" && user != v.session.UserName
}

// openedByAnother shows the form as it stands now, with nothing of what another user
// typed.
func (s *Screens) openedByAnother(v *visit, w writing, out answer) (answer, error) {
	if !w.fits(domain.Today(v.now)) {
		return out, notFound()
	}
	if v.request.Method == http.MethodPost {
		out.status = http.StatusConflict
	}
	out.page = w.page(v, w.fresh(s.newID()))
	out.warnings = slices.Concat(out.warnings, []govuk.Warning{{Text: anotherUserWarning}}, w.openWarnings())
	return out, nil
}
