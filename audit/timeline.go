package audit

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Act is what a fact did, whatever its type: a date of NOMIS closes and reopens as well.
type Act string

// The acts that a timeline shows.
const (
	Added         Act = "ADDED"
	Migrated      Act = "MIGRATED"
	Updated       Act = "UPDATED"
	Closed        Act = "CLOSED"
	Reopened      Act = "REOPENED"
	Deleted       Act = "DELETED"
	Renumbered    Act = "RENUMBERED" // one prisoner has another number now
	Restored      Act = "RESTORED"   // what a merge did to the record was taken back
	NotTakenOver  Act = "NOT_TAKEN_OVER"
	NumbersMerged Act = "NUMBERS_MERGED"
	MergeReversed Act = "MERGE_REVERSED"
)

// TimelineEntry is a fact with what it did. Its Entry has user, source, the time when it
// was true, recordedAt, event id, revision and position.
type TimelineEntry struct {
	Entry

	Act     Act
	Changes []domain.Change // every value that it changed; none of a record that begins or ends
	// Reason is "" when the fact gives none. Of NotTakenOver it is a domain.IgnoreReason.
	Reason      string
	RequestedBy string // of Deleted: at whose request; "" otherwise
	// Other is the other prisoner of the record, under the number of that time, or the other
	// number of a merge. It is "" in the timeline of one record.
	Other domain.PrisonerNumber
	// InNOMISSince is when the log first knew that NOMIS has the record as this entry left
	// it; zero: no delivery says so.
	InNOMISSince time.Time
	// ToldBefore is when NOMIS had first told the record that this entry adds, which was not
	// taken over while another one counted; zero: it had not.
	ToldBefore time.Time
	Gone       bool // the record is deleted now, so that no page shows it
}

// apart is how far recording may be from when it was true and count as the same moment.
const apart = time.Minute

// RecordedApart reports whether the fact was recorded more than a minute before or after
// the time when it was true.
func (e TimelineEntry) RecordedApart() bool {
	return e.Fact.RecordedAt.Sub(e.Fact.Meta.OccurredAt).Abs() > apart
}

// TimelineOfRecord returns what happened to one record, newest first. streams are those of
// a pair that it has belonged to; transfers are followed. Without any fact the result is
// empty. Errors are those of the log.
func (r *Reader) TimelineOfRecord(ctx context.Context, streams []string, id uuid.UUID) ([]TimelineEntry, error) {
	return r.timeline(ctx, streams, "", func(f recordedFact) bool { return f.Event.About() == id })
}

// TimelineOfPrisoner returns what happened to a prisoner's records, also before and after a
// record was under this number, and the merges of the number, newest first. streams are
// those of pairs and of prisoner numbers; facts of others among them are left out. Errors
// are those of the log.
func (r *Reader) TimelineOfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) ([]TimelineEntry, error) {
	theirs, err := ofPrisoner(streams, number)
	if err != nil {
		return nil, err
	}
	return r.timeline(ctx, theirs, number, concerningPrisoner(number))
}

// timeline returns the entries of the facts that concern the question. number is "" when
// the question is about one record.
func (r *Reader) timeline(ctx context.Context, streams []string, number domain.PrisonerNumber, concerns func(recordedFact) bool) ([]TimelineEntry, error) {
	var all []Entry
	told := toldItems{}
	before := map[uuid.UUID]time.Time{} // by the id of the fact that adds the record
	err := r.each(ctx, streams, concerns, func(pair *eventstore.Folding, f recordedFact) error {
		entry, err := step(pair, f)
		if err == nil && concerns(f) {
			all = append(all, entry)
		}
		if at, is := told.add(f); is {
			before[f.ID] = at
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	sortByLog(all)
	return r.entriesOf(all, number, before), nil
}

// entriesOf returns the timeline of the facts, which are in the order of the log.
func (r *Reader) entriesOf(all []Entry, number domain.PrisonerNumber, told map[uuid.UUID]time.Time) []TimelineEntry {
	var entries []TimelineEntry
	gone := map[uuid.UUID]bool{}
	aliases := aliasesOf(all, number)
	for _, e := range all {
		if d, is := e.Fact.Event.(domain.Delivered); is {
			markDelivered(entries, e.Fact, d)
		}
		entry := r.describe(e)
		if entry.Act == "" {
			continue
		}
		entry.ToldBefore = told[e.Fact.ID]
		if number != "" {
			entry.Other = aliases.other(e)
		}
		if entry.Act != NotTakenOver {
			gone[e.Fact.Event.About()] = e.Fact.OfPair() && e.After == nil
		}
		entries = append(entries, entry)
	}
	for i := range entries {
		entries[i].Gone = gone[entries[i].Fact.Event.About()]
	}
	slices.Reverse(entries)
	return entries
}

// describe returns what the entry of a fact says by itself.
func (r *Reader) describe(e Entry) TimelineEntry {
	d, _ := e.Fact.Event.(domain.Deleted)
	return TimelineEntry{
		Entry: e, Act: r.actOf(e), Changes: changesOf(e), Reason: domain.WhyOf(e.Fact.Event), RequestedBy: d.RequestedBy,
	}
}

// actOf returns what a fact did; "" for one that no timeline shows.
func (r *Reader) actOf(e Entry) Act {
	switch e.Fact.Event.(type) {
	case domain.Opened:
		return Added
	case domain.Imported:
		return Migrated
	case domain.Amended:
		return r.actOfDates(e)
	case domain.Closed:
		return Closed
	case domain.Reopened:
		return Reopened
	case domain.Deleted:
		return Deleted
	case domain.TransferredIn:
		return Renumbered
	case domain.Restored:
		return Restored
	case domain.Ignored:
		return NotTakenOver
	case domain.PrisonerMerged:
		return NumbersMerged
	case domain.PrisonerUnmerged:
		return MergeReversed
	default:
		return ""
	}
}

// actOfDates compares with the day of the decision, so that the same fact reads the same
// for ever.
func (r *Reader) actOfDates(e Entry) Act {
	today := domain.Today(e.Fact.Meta.DecidedAt.In(r.options.London))
	closed := func(of *Record) bool { return of != nil && of.NonAssociation.IsClosed(today) }
	switch was, now := closed(e.Before), closed(e.After); {
	case !was && now:
		return Closed
	case was && !now:
		return Reopened
	default:
		return Updated
	}
}

// changesOf returns the values that a fact changed. A transfer has the number beside them.
func changesOf(e Entry) []domain.Change {
	if e.Before == nil || e.After == nil {
		return nil
	}
	was := e.Before.NonAssociation
	if t, is := e.Fact.Event.(domain.TransferredIn); is && e.Before.Pair != e.After.Pair {
		was = t.Of(was)
	}
	return domain.Changes(e.After.Pair, was, e.After.NonAssociation)
}

// markDelivered gives a delivery to the newest entry that it covers. One that left fields
// of NOMIS as they were does not show what any entry says.
func markDelivered(entries []TimelineEntry, f recordedFact, d domain.Delivered) {
	if len(d.Held) > 0 {
		return
	}
	for i, e := range slices.Backward(entries) {
		ofRecord := e.Fact.Pair == f.Pair && e.Fact.Event.About() == d.NonAssociationID && e.Act != NotTakenOver
		if !ofRecord || e.Fact.Revision > d.Revision {
			continue
		}
		if entries[i].InNOMISSince.IsZero() {
			entries[i].InNOMISSince = f.RecordedAt
		}
		return
	}
}
