package audit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

// TestProperty_asOfIsTheFoldOfWhatCounts compares with a statement that knows no
// transfers: all facts under one number, without those that do not count, folded.
func TestProperty_asOfIsTheFoldOfWhatCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newPast(t)
		b.now = summer
		life := &wanderer{past: b, number: bob}
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			life.act(rt)
		}
		for range 4 {
			known := summer.AddDate(0, 0, rapid.IntRange(-1, 16).Draw(rt, "known")).Format(time.DateOnly)
			if known > b.now.Format(time.DateOnly) {
				known = ""
			}
			at := b.moments(summer.AddDate(0, 0, rapid.IntRange(-3, 16).Draw(rt, "true")).Format(time.DateOnly), known)
			records, err := b.reader.AsOfPrisoner(t.Context(), streams(life.pairs()...), alice, at)
			require.NoError(rt, err)
			require.Equal(rt, life.plainly(at), underBob(records))
		}
	})
}

// wanderer is the other prisoner of a story, whose number changes.
type wanderer struct {
	past

	number domain.PrisonerNumber
}

func (w *wanderer) pair() domain.Pair { return domaintest.PairOf(alice, w.number) }

func (w *wanderer) pairs() []domain.Pair {
	return []domain.Pair{domaintest.PairOf(alice, bob), domaintest.PairOf(alice, survivor)}
}

// act does something that the rules allow now.
func (w *wanderer) act(rt *rapid.T) {
	state := w.state(w.pair())
	open := state.NotClosed(domain.Today(w.now))
	closed := slices.IndexFunc(state.Items, func(n domain.NonAssociation) bool { return !n.Deleted && n.IsClosed(domain.Today(w.now)) })
	back := domain.Local(w.now.AddDate(0, 0, -rapid.IntRange(0, 3).Draw(rt, "days back")))
	switch rapid.IntRange(0, 6).Draw(rt, "act") {
	case 0, 1:
		if open >= 0 {
			w.amends(w.pair(), state.Items[open].ID, rapid.StringMatching(`[a-z]{3}`).Draw(rt, "comment"))
			return
		}
		w.opens(w.pair())
	case 2:
		if open >= 0 && state.Items[open].EffectiveDate <= back {
			w.does(w.pair(), domain.DPS, "CLOSER", domain.Close{ID: state.Items[open].ID, ClosedReason: "over", ClosedAt: &back})
		}
	case 3:
		if open < 0 && closed >= 0 {
			w.does(w.pair(), domain.DPS, "OPENER", domain.Reopen{ID: state.Items[closed].ID, ReopenReason: "again"})
		}
	case 4:
		if len(state.Items) > 0 && !state.Items[0].Deleted {
			w.does(w.pair(), domain.DPS, "DELETER", domain.Delete{ID: state.Items[0].ID, DeletionReason: "wrong"})
		}
	case 5:
		w.does(w.pair(), domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{{
			EffectiveDate: back, TypeCode: domain.TypeWing, TypeSequence: 1,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeBullying, w.number: domain.CodeVictim},
		}}})
	case 6:
		w.wanders(state)
	}
}

// wanders merges the number with the other one of the story.
func (w *wanderer) wanders(state domain.State) {
	if len(state.Items) == 0 {
		return
	}
	r := domain.Renumbering{Previous: w.number, Number: survivor, Reason: domain.ByMerge}
	if w.number == survivor {
		r.Number = bob
	}
	from, revision := w.pair(), uint64(w.facts-1)
	w.number = r.Number
	in := domain.TransferIn{Renumbering: r, From: from, Revision: revision}
	out := domain.TransferOut{Renumbering: r, To: w.pair(), Revision: revision}
	for _, n := range state.Items {
		in.Records = append(in.Records, domain.TransferredRecord{NonAssociation: r.Of(n)})
		out.IDs = append(out.IDs, n.ID)
	}
	w.does(w.pair(), domain.Merge, "MERGER", in)
	w.does(from, domain.Merge, "MERGER", out)
}

// plainRecord is what the two statements must agree on.
type plainRecord struct {
	ID      uuid.UUID
	Details domain.Details
	Deleted bool
	State   audit.RecordState
}

// plainly is the second statement.
func (w *wanderer) plainly(at audit.Moments) map[uuid.UUID]plainRecord {
	events, err := w.store.ReadAll(w.t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(w.t, err)
	var facts []domain.Fact
	for _, recorded := range events {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(w.t, err)
		later := fact.Meta.Source == domain.DPS && fact.Meta.OccurredAt.After(at.True.At)
		switch e := fact.Event.(type) {
		case domain.TransferredIn, domain.TransferredOut, domain.Ignored:
			continue
		case domain.Opened:
			e.Details = withBob(e.Details)
			fact.Event, later = e, false
		case domain.Amended:
			for i, change := range e.Changes {
				if change.PrisonerNumber == survivor {
					e.Changes[i].PrisonerNumber = bob
				}
			}
		default:
		}
		if !later && !fact.Meta.DecidedAt.After(at.Known.At) {
			facts = append(facts, fact)
		}
	}
	all := map[uuid.UUID]plainRecord{}
	for _, n := range domain.Fold(domaintest.PairOf(alice, bob), facts).Items {
		state := audit.StateOpen
		if n.EffectiveDate.In(london).After(at.True.At) {
			state = audit.StatePending
		}
		if n.ExpiryDate != nil && n.ExpiryDate.Date() <= at.True.At.Format(time.DateOnly) {
			state = audit.StateClosed
		}
		all[n.ID] = plainRecord{n.ID, n.Details, n.Deleted, state}
	}
	return all
}

// underBob puts records of the survivor under bob's number.
func underBob(records []audit.RecordAsOf) map[uuid.UUID]plainRecord {
	all := map[uuid.UUID]plainRecord{}
	for _, r := range records {
		all[r.NonAssociation.ID] = plainRecord{r.NonAssociation.ID, withBob(r.NonAssociation.Details), r.Deleted != nil, r.State}
	}
	return all
}

func withBob(d domain.Details) domain.Details {
	sides := map[domain.PrisonerNumber]domain.Side{}
	for number, side := range d.Sides {
		if number == survivor {
			number = bob
		}
		sides[number] = side
	}
	d.Sides = sides
	return d
}
