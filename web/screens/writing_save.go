package screens

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// saves returns the handler that saves a form.
func (s *Screens) saves(f form) handler {
	return func(ctx context.Context, v *visit) (answer, error) { return s.saveForm(ctx, v, f) }
}

// saveForm saves a form. Whether there is such a page is judged before what was sent.
// While that cannot be judged nothing is saved, and nothing that was typed is lost.
func (s *Screens) saveForm(ctx context.Context, v *visit, f form) (answer, error) {
	w, unread := s.readWriting(ctx, v, f)
	out := s.formAnswer(v, w)
	if unread == nil {
		unread = v.require(f.act, w.everybody, w.p, w.o)
	}
	if unread != nil && failureOf(unread).status != http.StatusServiceUnavailable {
		return out, unread
	}
	if err := v.readForm(); err != nil {
		return out, err
	}
	s.forgetKept(ctx, v)
	switch id := one(v.form, hiddenForm); {
	case id != "" && id != f.id:
		return out, anotherForm()
	case unread == nil && isOfAnother(v, v.form):
		return s.openedByAnother(v, w, out)
	}
	d := draftOf(v.form, s.newID)
	if unread != nil {
		return s.notSaved(ctx, v, w, out, d, unread), nil
	}
	return s.saveDraft(ctx, v, w, out, d)
}

// saveDraft checks a draft and runs its command.
func (s *Screens) saveDraft(ctx context.Context, v *visit, w writing, out answer, d draft) (answer, error) {
	fields := w.form.fields(w.p, w.o)
	values := d.check(fields)
	if w.form.act == domain.ActUpdate && d.faults[fieldComment] == "" {
		isSame, err := s.repeatsComment(ctx, w, d, values[fieldComment])
		if err != nil {
			return s.notSaved(ctx, v, w, out, d, err), nil
		}
		if isSame {
			d.faults[fieldComment] = "Enter a comment to explain what you are updating"
		}
	}
	// What can no longer be done is said before what is wrong with it.
	if len(d.faults) > 0 && !w.fits(domain.Today(v.now)) {
		return s.changedMeanwhile(ctx, v, w, out, d)
	}
	if len(d.faults) > 0 {
		out.status, out.errors = http.StatusBadRequest, d.links(w.form.id, fields)
		out.page = w.page(v, d)
		return out, nil
	}
	if w.form.act == domain.ActAdd && w.merged != "" {
		return s.addUnderSurvivor(v, w, out, d), nil
	}
	act := w.form.command(w, values)
	act.Staff = new(v.staffOf())
	act.Key = d.idempotencyKey(v.session.UserName, v.request.URL.Path, fields, values)
	if w.form.act != domain.ActAdd {
		act.IfMatch = d.seen()
	}
	receipt, err := s.run(ctx, v, w, act)
	if isStale(err) {
		receipt, err = s.runOnSequence(ctx, v, w, d, act, err)
	}
	if err != nil {
		return s.refused(ctx, v, w, out, d, err)
	}
	out.redirect = w.afterSave(receipt)
	return out, nil
}

// run runs the command of a save. It has ids of its own: the id of the request stands on
// pages and in headers, and belongs to a request, not to a save that is repeated.
func (s *Screens) run(ctx context.Context, v *visit, w writing, act commands.StaffCommand) (commands.Receipt, error) {
	id := s.newID()
	by := domain.Cause{CommandID: id, CorrelationID: id, CausationID: id, Actor: v.session.UserName, Source: domain.DPS}
	if w.form.act == domain.ActAdd {
		by.About = w.p.Number
	}
	return s.commands.Staff(ctx, by, act)
}

// isStale reports whether a command was refused because the record has changed.
func isStale(err error) bool {
	var refusal domain.Refusal
	return errors.As(err, &refusal) && refusal.Code == domain.CodeStale
}

// runOnSequence runs a stale command again when NOMIS has changed the sequence alone
// since the form was opened: that is no change for its user.
func (s *Screens) runOnSequence(ctx context.Context, v *visit, w writing, d draft, act commands.StaffCommand, stale error) (commands.Receipt, error) {
	m, err := s.meanwhileOf(ctx, w, d)
	if err != nil {
		return commands.Receipt{}, err
	}
	if m.now == nil || !m.isOfSequenceAlone() {
		return commands.Receipt{}, stale
	}
	act.IfMatch = domain.FactsSeen{m.now.NonAssociation.LastEventID}
	return s.run(ctx, v, w, act)
}

// afterSave returns the address of the page that shows what a command has done.
func (w writing) afterSave(receipt commands.Receipt) string {
	page := listPath(w.key, openKind)
	if w.form.act != domain.ActDelete {
		page = recordPath(w.key, receipt.NonAssociation.ID)
	}
	return page + "?" + afterSave{did: w.form.done, fact: receipt.NonAssociation.LastEventID, atLeast: receipt.Position.Uint64()}.query()
}

// repeatsComment reports whether a comment is the one that the user saw in the form. The
// record may have changed since, also by this very save, which then is a repeat.
func (s *Screens) repeatsComment(ctx context.Context, w writing, d draft, comment string) (bool, error) {
	n := w.record
	if n == nil || n.LastEventID.String() != d.etag {
		entries, err := s.audit.TimelineOfRecord(ctx, []string{w.pair.Stream()}, w.id)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(entries, func(e audit.TimelineEntry) bool { return e.Fact.ID.String() == d.etag })
		if i < 0 || entries[i].After == nil {
			return false, nil // the command will find that the record has changed
		}
		n = &entries[i].After.NonAssociation
	}
	return n.Comment != nil && sameText(comment, *n.Comment), nil
}

// refused returns the page of a save that did not happen, or may not have happened.
func (s *Screens) refused(ctx context.Context, v *visit, w writing, out answer, d draft, err error) (answer, error) {
	var refusal domain.Refusal
	var missing commands.MissingPrisoners
	switch {
	case errors.As(err, &missing), errors.Is(err, commands.ErrNotPermitted):
		return out, notFound()
	case !errors.As(err, &refusal):
		return s.notSaved(ctx, v, w, out, d, err), nil
	}
	switch refusal.Code {
	case domain.CodeNotFound, domain.CodeNoPrison:
		return out, notFound()
	case domain.CodeOpenExists, domain.CodeAlreadyOpen:
		if refusal.Current.ID != w.id {
			return s.anotherIsOpen(v, w, out, d, *refusal.Current), nil
		}
		return s.changedMeanwhile(ctx, v, w, out, d)
	case domain.CodeStale, domain.CodeAlreadyClosed:
		return s.changedMeanwhile(ctx, v, w, out, d)
	default:
		return out, unexpected(err)
	}
}

// anotherIsOpen shows the form as typed beside the open record of the same prisoners.
func (s *Screens) anotherIsOpen(v *visit, w writing, out answer, d draft, open domain.NonAssociation) answer {
	out.status = http.StatusConflict
	out.page = w.page(v, d)
	out.warnings = []govuk.Warning{w.alreadyOpen(open.ID)}
	return out
}

// addUnderSurvivor shows an add form as typed under the number that survives: nothing is
// saved under a number that the user did not see.
func (s *Screens) addUnderSurvivor(v *visit, w writing, out answer, d draft) answer {
	out.status = http.StatusConflict
	out.page = w.page(v, d)
	out.warnings = append([]govuk.Warning{{Text: string(w.merged) + " is now " + string(w.survivor) + "."}}, w.openWarnings()...)
	return out
}

// notSaved shows the form as typed, with the same key: the same save then happens once.
func (s *Screens) notSaved(ctx context.Context, v *visit, w writing, out answer, d draft, err error) answer {
	level := slog.LevelWarn
	if failureOf(err).status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.logger.Log(ctx, level, "form not saved", slog.String("requestId", v.id.String()), slog.Any("error", err))
	out.status = http.StatusServiceUnavailable
	out.page = w.page(v, d)
	out.warnings = append(v.caseloadWarnings(), govuk.Warning{Text: "Non-association could not be " + w.form.verb + ", please try again"})
	return out
}
