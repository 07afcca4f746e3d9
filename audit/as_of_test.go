package audit_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// decidedLog is a log that recorded each fact when it was decided, so that a story has
// days between what was known and when.
type decidedLog struct{ eventstore.Store }

func (d decidedLog) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := d.Store.ReadMany(ctx, streams)
	for n := range read {
		read[n].Events = slices.Clone(read[n].Events)
		for i, event := range read[n].Events {
			fact, err := eventstore.Decode(domain.Events(), event)
			if err != nil {
				read[n].Err = err
				continue
			}
			read[n].Events[i].RecordedAt = fact.Meta.DecidedAt
		}
	}
	return read
}

// past asks a story what was true and known at times.
type past struct {
	*testLog

	reader *audit.Reader
}

func newPast(t testing.TB) past {
	store := memory.New()
	t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
	return past{newTestLog(t, store), audit.New(decidedLog{store}, audit.Options{London: london})}
}

// ofPrisoner asks by the pairs that the story has.
func (p past) ofPrisoner(number domain.PrisonerNumber, trueAt, knownAt string, pairs ...domain.Pair) []audit.RecordAsOf {
	p.t.Helper()
	records, err := p.reader.AsOfPrisoner(context.Background(), streams(pairs...), number, p.moments(trueAt, knownAt))
	require.NoError(p.t, err)
	return records
}

func (p past) moments(trueAt, knownAt string) audit.Moments {
	p.t.Helper()
	at, err := audit.ParseMoments(trueAt, knownAt, "", p.now)
	require.NoError(p.t, err)
	return at
}

func comments(records []audit.RecordAsOf) []string {
	var all []string
	for _, record := range records {
		all = append(all, *record.NonAssociation.Comment)
	}
	return all
}

func TestAsOf_hasWhatWasKnownThen(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(pair)              // 15 July
	b.amends(pair, id, "still")      // 16 July
	b.amends(pair, id, "not at all") // 17 July

	require.Empty(t, b.ofPrisoner(alice, "", "2026-07-14", pair))
	require.Empty(t, b.ofPrisoner(alice, "", "2026-07-15T12:30:15", pair), "a quarter of a second before")
	for knownAt, want := range map[string]string{
		"2026-07-15": "They fight", "2026-07-16": "still", "2026-07-17T12:30": "still", "2026-07-17 12:31": "not at all", "": "not at all",
	} {
		require.Equal(t, []string{want}, comments(b.ofPrisoner(alice, "", knownAt, pair)), knownAt)
	}
	later := b.ofPrisoner(bob, "2026-07-16", "", pair)
	require.Equal(t, []string{"still"}, comments(later), "staff had not said so yet")
	require.Equal(t, "AMENDER", later[0].LastFact.Meta.Actor)
	require.IsType(t, domain.Amended{}, later[0].LastFact.Event)
	require.EqualValues(t, 1, later[0].LastFact.Revision)
	require.Equal(t, later, b.ofPrisoner(alice, "2026-07-16", "", pair), "from either side")
	require.Empty(t, b.ofPrisoner(carol, "", "", pair))

	records, err := b.reader.AsOfPair(t.Context(), pair, b.moments("2026-07-16", ""))
	require.NoError(t, err)
	require.Equal(t, later, records)
}

func TestAsOf_stateIsThatOfTheTime(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(pair) // 15 July
	b.now = b.now.AddDate(0, 0, 10)
	closedAt := domain.LocalDateTime("2026-07-20T09:00:00")
	b.does(pair, domain.DPS, "CLOSER", domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: &closedAt}) // told on the 26th
	b.does(pair, domain.DPS, "OPENER", domain.Reopen{ID: id, ReopenReason: "Not friends"})                 // on the 27th
	b.does(pair, domain.DPS, "DELETER", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})

	state := func(trueAt, knownAt string) audit.RecordState {
		return b.ofPrisoner(alice, trueAt, knownAt, pair)[0].State
	}
	require.Equal(t, audit.StatePending, state("2026-07-14", ""), "it takes effect on the 15th")
	require.Equal(t, audit.StateOpen, state("2026-07-19", ""))
	require.Equal(t, audit.StateOpen, state("2026-07-20T08:59:59", ""))
	require.Equal(t, audit.StateClosed, state("2026-07-20T09:00", ""))
	require.Equal(t, audit.StateOpen, state("2026-07-21", "2026-07-25"), "nobody knew yet")
	require.Equal(t, audit.StateClosed, state("2026-07-26", ""))
	require.Equal(t, audit.StateOpen, state("2026-07-27", ""))

	gone := b.ofPrisoner(alice, "", "", pair)[0]
	require.Equal(t, &audit.Deletion{At: time.Date(2026, 7, 28, 11, 30, 15, 250_000_000, time.UTC), By: "AJONES", Reason: "Mistake"}, gone.Deleted)
	require.Equal(t, "DELETER", gone.LastFact.Meta.Actor)
	require.Nil(t, b.ofPrisoner(alice, "2026-07-27", "", pair)[0].Deleted)
}

func TestAsOf_whatNOMISTellsCountsWheneverItWasTold(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	item := domain.Item{
		EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing, TypeSequence: 1,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeBullying, bob: domain.CodeVictim},
	}
	b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{item}})
	expiry := domain.LocalDateTime("2022-01-01T00:00:00")
	item.ExpiryDate = &expiry
	b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{item}}) // on 16 July 2026

	state := func(trueAt, knownAt string) audit.RecordState {
		return b.ofPrisoner(alice, trueAt, knownAt, pair)[0].State
	}
	require.Equal(t, audit.StateOpen, state("2021-12-31", ""))
	require.Equal(t, audit.StateClosed, state("2022-01-01", ""), "told four years later")
	require.Equal(t, audit.StateOpen, state("2022-01-01", "2026-07-15"), "it was not known then")
	require.Equal(t, audit.StatePending, state("2021-07-05T10:35:16", ""))
}

func TestAsOf_aTransferChangesThePairAlone(t *testing.T) {
	b, from := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(from)               // 15 July
	b.amends(from, id, "on the 16th") // under the old number
	closed := domain.LocalDateTime("2026-07-17T12:00:00")
	b.does(from, domain.DPS, "CLOSER", domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: &closed}) // 17 July
	to := b.merges(b.state(from).Items[0], from, 2)                                                      // 18 and 19 July
	b.reopensAndAmends(to, id)

	early := b.ofPrisoner(survivor, "2026-07-15", "", to)
	require.Equal(t, []string{"They fight"}, comments(early), "the transfer carried what staff said later")
	require.Equal(t, to, early[0].Pair)
	require.Contains(t, early[0].NonAssociation.Sides, survivor)
	require.Nil(t, early[0].MovedTo)
	require.Equal(t, audit.StateOpen, early[0].State)
	require.Equal(t, []string{"on the 16th"}, comments(b.ofPrisoner(survivor, "2026-07-16", "", to)))
	require.Equal(t, audit.StateClosed, b.ofPrisoner(survivor, "2026-07-17", "", to)[0].State)

	// The other prisoner has the record once, under the number that it is of.
	require.Empty(t, b.ofPrisoner(survivor, "", "2026-07-17", to), "not merged yet")
	before := b.ofPrisoner(alice, "", "2026-07-17", from, to)
	require.Len(t, before, 1)
	require.Equal(t, from, before[0].Pair)
	after := b.ofPrisoner(alice, "", "", from, to)
	require.Len(t, after, 1)
	require.Equal(t, to, after[0].Pair)
	require.Nil(t, after[0].MovedTo)

	// The number that it left has it as it was then.
	for _, knownAt := range []string{"2026-07-18", "2026-07-19", ""} {
		left := b.ofPrisoner(bob, "", knownAt, from)
		require.Len(t, left, 1, knownAt)
		require.Equal(t, from, left[0].Pair)
		require.Equal(t, &to, left[0].MovedTo)
		require.Contains(t, left[0].NonAssociation.Sides, bob)
		require.Equal(t, "on the 16th", *left[0].NonAssociation.Comment)
	}
}

// reopensAndAmends reopens a closed record, which can be amended then.
func (b *testLog) reopensAndAmends(pair domain.Pair, id uuid.UUID) {
	b.t.Helper()
	b.does(pair, domain.DPS, "OPENER", domain.Reopen{ID: id, ReopenReason: "Not friends"})
	b.amends(pair, id, "under the new number")
}

func TestAsOf_isWholeOrAnError(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	b.amends(pair, b.opens(pair), "more")
	b.store.(*memory.Store).Delete(pair.Stream())
	_, err := b.reader.AsOfPrisoner(t.Context(), streams(pair), alice, b.moments("", ""))
	require.ErrorIs(t, err, eventstore.ErrNotWhole)
}

func TestAsOf_aRecordThatCameBackHasNotMoved(t *testing.T) {
	b := newPast(t)
	life := &wanderer{past: b, number: bob}
	from, to := life.pair(), domaintest.PairOf(alice, survivor)
	id := b.opens(from)
	life.wanders(b.state(from)) // 16 and 17 July
	life.wanders(b.state(to))   // 18 and 19 July
	b.amends(from, id, "back again")

	back := b.ofPrisoner(bob, "", "", from)
	require.Equal(t, []string{"back again"}, comments(back))
	require.Nil(t, back[0].MovedTo)
	away := b.ofPrisoner(bob, "", "2026-07-17", from)
	require.Equal(t, &to, away[0].MovedTo)
	left := b.ofPrisoner(survivor, "", "", to)
	require.Equal(t, &from, left[0].MovedTo)
	require.Equal(t, []string{"They fight"}, comments(left))
	once := b.ofPrisoner(alice, "", "", from, to)
	require.Equal(t, []string{"back again"}, comments(once))
}
