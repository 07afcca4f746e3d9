package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Audit are the reads of the log. Errors: [audit.ErrUnavailable], [audit.ErrBehindEnd]
// of Feed, and faults of the log.
type Audit interface {
	// OfNonAssociation returns the facts of one record, oldest first; none when the streams
	// do not hold it.
	OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) ([]audit.Entry, error)
	// OfPrisoner returns the facts of a prisoner's records and the merges of the number,
	// oldest first. Facts of others in the streams are left out.
	OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) ([]audit.Entry, error)
	// SubjectAccess returns what is held about a prisoner, deleted records included.
	SubjectAccess(ctx context.Context, streams []string, subject audit.Subject) (audit.SubjectAccess, error)
	// OfSwitchOver returns the facts of the switch-over, oldest first.
	OfSwitchOver(ctx context.Context) ([]audit.Entry, error)
	// AsOfPrisoner and AsOfPair return records as they were at a time, as they were known.
	AsOfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber, at audit.Moments) ([]audit.RecordAsOf, error)
	AsOfPair(ctx context.Context, pair domain.Pair, at audit.Moments) ([]audit.RecordAsOf, error)
	// Feed calls back for each fact of the log after a position, and returns nil only when
	// it does not follow and every fact was given.
	Feed(ctx context.Context, feed audit.Feed) error
}

// Streams lists which streams of the log concern a prisoner or a record. It may come
// from the read model: every statement of an answer comes from the log.
type Streams interface {
	// PairsOf lists the pairs of a prisoner, also those without records any more. It
	// reflects the log up to a position at or after atLeast.
	PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error)
	// MergedWith lists the removed numbers whose streams hold merges of a number.
	MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error)
	// RemovedInto lists the removed numbers whose merges lead to a number.
	RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error)
	// PairOf returns the pair of a record, also of a deleted one; false when it is unknown.
	PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error)
}

// history answers with the facts of one prisoner's non-associations, or of one
// non-association.
func (a *API) history(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
	reference, err := pathValue(r, "reference")
	if err != nil {
		return out, err
	}
	number, errNumber := domain.ParsePrisonerNumber(reference)
	id, errID := parseID(reference)
	if errNumber != nil && errID != nil {
		return out, badReference()
	}
	least, err := atLeast(r.URL)
	if err != nil {
		return out, err
	}
	reached, err := a.reachStreams(ctx, least)
	if err != nil {
		return out, err
	}
	out.position = formatPosition(reached)
	var entries []audit.Entry
	if errNumber == nil {
		entries, err = a.historyOfPrisoner(ctx, r, number, reached)
	} else {
		entries, err = a.historyOfOne(ctx, id, reached)
	}
	if err != nil {
		return out, err
	}
	out.body, err = json.Marshal(historyAnswer(a.clock().Location(), entries))
	out.etag = etagOf(out.body)
	return out, err
}

// historyAnswer returns entries of the log as the answer shows them.
func historyAnswer(london *time.Location, entries []audit.Entry) shape.History {
	history := shape.History{Entries: make([]shape.Entry, len(entries))}
	for i, entry := range entries {
		history.Entries[i] = entryOf(london, entry)
	}
	return history
}

// entryOf returns an entry of the log as answers show it.
func entryOf(london *time.Location, e audit.Entry) shape.Entry {
	return shape.NewEntry(london, shape.RecordedFact{
		Fact: e.Fact.Fact, Type: e.Fact.Type, RecordedAt: e.Fact.RecordedAt, Revision: e.Fact.Revision,
		Position: e.Position(),
	}, (*shape.Record)(e.Before), (*shape.Record)(e.After))
}

// historyOfPrisoner reads the facts of the prisoner's non-associations and the merges
// of the number.
func (a *API) historyOfPrisoner(ctx context.Context, r *http.Request, number domain.PrisonerNumber, reached uint64) ([]audit.Entry, error) {
	if err := a.stands(ctx, r, number, reached); err != nil {
		return nil, err
	}
	streams, err := a.streamsOf(ctx, number, reached)
	if err != nil {
		return nil, err
	}
	merged, err := a.streams.MergedWith(ctx, number, reached)
	if err != nil {
		return nil, unavailable(err)
	}
	for _, removed := range merged {
		streams = append(streams, removed.Stream())
	}
	return a.audit.OfPrisoner(ctx, streams, number)
}

// historyOfOne reads the facts of a record, also of a deleted one: deleting hides and
// does not erase.
func (a *API) historyOfOne(ctx context.Context, id uuid.UUID, reached uint64) ([]audit.Entry, error) {
	pair, known, err := a.streams.PairOf(ctx, id, reached)
	if err != nil {
		return nil, unavailable(err)
	}
	var entries []audit.Entry
	// The read model may know a record that the log does not show: then the read model
	// is wrong, and the answer is still 404, because every statement of an answer comes
	// from the log.
	if known {
		entries, err = a.audit.OfNonAssociation(ctx, []string{pair.Stream()}, id)
	}
	if err == nil && len(entries) == 0 {
		err = domain.NotFound(id)
	}
	return entries, err
}

// streamsOf returns the streams of the prisoner's pairs.
func (a *API) streamsOf(ctx context.Context, number domain.PrisonerNumber, reached uint64) ([]string, error) {
	pairs, err := a.streams.PairsOf(ctx, number, reached)
	if err != nil {
		return nil, unavailable(err)
	}
	streams := make([]string, len(pairs))
	for i, pair := range pairs {
		streams[i] = pair.Stream()
	}
	return streams, nil
}

// reachStreams waits until the read model has reached atLeast and the head of the log,
// and returns the later of the two. The read model lists the streams: one that is
// behind would silently omit some.
func (a *API) reachStreams(ctx context.Context, atLeast uint64) (reached uint64, err error) {
	if err = a.waitFor(ctx, atLeast); err != nil {
		return 0, err
	}
	head, err := a.reachHead(ctx)
	return max(head, atLeast), err
}
