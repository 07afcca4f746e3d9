package screens

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/screens/govuk"
)

// What a save has done, as addresses have it.
const (
	didAdd    = "added"
	didUpdate = "updated"
	didClose  = "closed"
	didReopen = "reopened"
	didDelete = "deleted"
)

// afterSave is what the address of a page says of the save that led to it. The zero
// afterSave is a page that no save led to. None of it is believed: see saved.
type afterSave struct {
	did     string
	fact    uuid.UUID
	atLeast uint64 // the position that the page must show
}

// query returns the part of an address.
func (a afterSave) query() string {
	return "saved=" + a.did + "&fact=" + a.fact.String() + "&atLeast=" + strconv.FormatUint(a.atLeast, 10)
}

// afterSave reads the address of a request.
func (v *visit) afterSave() afterSave {
	query := v.request.URL.Query()
	fact, err := uuid.Parse(one(query, "fact"))
	position, malformed := strconv.ParseUint(one(query, "atLeast"), 10, 63)
	did := one(query, "saved")
	if err != nil || malformed != nil || !slices.Contains([]string{didAdd, didUpdate, didClose, didReopen, didDelete}, did) {
		return afterSave{}
	}
	return afterSave{did, fact, position}
}

// Saving is a page whose record is saved, but not readable yet.
type Saving struct{ Heading string }

// afterSave returns what a request's address says of a save. A position that the log has
// not reached is of no save: it is not waited for.
func (s *Screens) afterSave(ctx context.Context, v *visit) afterSave {
	a := v.afterSave()
	if a.atLeast <= s.reads.Position() {
		return a
	}
	if head, err := s.fresh.head(ctx); err == nil && a.atLeast > head {
		return afterSave{}
	}
	return a
}

// isBehind reports whether a read was given up because the read model does not show a
// save yet. A reader waits at most 2 s.
func isBehind(err error) bool {
	return errors.Is(err, queries.ErrBehind) || errors.Is(err, queries.ErrTooManyWaiters)
}

// saving returns the page of a save that the read model does not show yet.
func saving(v *visit, out answer, heading string) answer {
	out.page = Saving{heading}
	out.saving = &govuk.Saving{Href: withQuery(v.request.URL.EscapedPath(), v.request.URL.RawQuery)}
	return out
}

// saved returns the banner of a save that led to a page of a prisoner; nil when the log
// does not say that the fact is this user's, of the kind that the address names, and the
// last one that changed a value which the record shows. The words come from the fact.
// streams are those of pairs in which it may be. While the log cannot be read there is no
// banner: the page itself shows what is recorded.
func (s *Screens) saved(ctx context.Context, v *visit, a afterSave, key person, streams []string) *govuk.Saved {
	if a == (afterSave{}) {
		return nil
	}
	entries, err := s.audit.OfPrisoner(ctx, streams, key.Number)
	if err != nil {
		s.logger.WarnContext(ctx, "save not confirmed", slog.String("requestId", v.id.String()), slog.Any("error", err))
		return nil
	}
	i := slices.IndexFunc(entries, func(e audit.Entry) bool { return e.Fact.ID == a.fact })
	if i < 0 {
		return nil
	}
	fact := entries[i].Fact
	did, text, kind := wordsOf(fact.Event)
	if did != a.did || fact.Meta.Actor != v.session.UserName || fact.Meta.Source != domain.DPS || changedAfter(entries[i+1:], fact.Event.About()) {
		return nil
	}
	return &govuk.Saved{Text: text, Link: govuk.Link{Text: "View " + key.Possessive() + " non-associations", Href: listPath(key.Number, kind)}}
}

// savedOnList is saved for the list, where a deletion leads. The deleted record is in any of
// the prisoner's pairs.
func (s *Screens) savedOnList(ctx context.Context, v *visit, a afterSave, key person) (*govuk.Saved, error) {
	if a.did != didDelete {
		return nil, nil //nolint:nilnil // no save leads here but a deletion
	}
	pairs, err := s.reads.PairsOf(ctx, key.Number, a.atLeast)
	if err != nil {
		return nil, err
	}
	streams := make([]string, len(pairs))
	for i, pair := range pairs {
		streams[i] = pair.Stream()
	}
	return s.saved(ctx, v, a, key, streams), nil
}

// savingList is the list while it does not show a save yet.
func (s *Screens) savingList(ctx context.Context, v *visit, number domain.PrisonerNumber, out answer) (answer, error) {
	everybody, err := s.find(ctx, []domain.PrisonerNumber{number})
	if err != nil {
		return out, err
	}
	key := everybody.of(number)
	out.crumbs = []crumb{{key.ListName(), ""}}
	return saving(v, out, key.Possessive()+" non-associations"), nil
}

// wordsOf returns what a fact has done as addresses have it, the sentence for it, and the
// list that shows the record then.
func wordsOf(event domain.Event) (did, text string, kind listKind) {
	switch event.(type) {
	case domain.Opened:
		return didAdd, "The non-association has been added to each prisoner’s profile", openKind
	case domain.Amended:
		return didUpdate, "The non-association has been updated on each prisoner’s profile", openKind
	case domain.Closed:
		return didClose, "The non-association has been closed", closedKind
	case domain.Reopened:
		return didReopen, "The non-association has been reopened", openKind
	case domain.Deleted:
		return didDelete, "The non-association has been deleted", openKind
	default:
		return "", "", openKind
	}
}

// changedAfter reports whether one of the facts changed a value that a record shows.
func changedAfter(later []audit.Entry, id uuid.UUID) bool {
	return slices.ContainsFunc(later, func(e audit.Entry) bool {
		if e.Fact.Event.About() != id {
			return false
		}
		before, after := e.Before, e.After
		if before == nil || after == nil {
			return before != after
		}
		return before.NonAssociation.LastEventID != after.NonAssociation.LastEventID && !isOfSequence(e.Fact.Event)
	})
}

// isOfSequence reports whether a fact changed the sequence of NOMIS alone, which is no
// change for those who read or write a record.
func isOfSequence(event domain.Event) bool {
	amended, is := event.(domain.Amended)
	return is && len(amended.Changes) == 1 && amended.Changes[0].Field == domain.FieldTypeSequence
}
