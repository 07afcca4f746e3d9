package audit_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/memory"
)

func acts(entries []audit.TimelineEntry) []audit.Act {
	var all []audit.Act
	for _, e := range entries {
		all = append(all, e.Act)
	}
	return all
}

func (p past) timelineOfRecord(pair domain.Pair, id uuid.UUID) []audit.TimelineEntry {
	p.t.Helper()
	entries, err := p.reader.TimelineOfRecord(p.t.Context(), streams(pair), id)
	require.NoError(p.t, err)
	return entries
}

func (p past) timelineOfPrisoner(number domain.PrisonerNumber, asked ...string) []audit.TimelineEntry {
	p.t.Helper()
	entries, err := p.reader.TimelineOfPrisoner(p.t.Context(), asked, number)
	require.NoError(p.t, err)
	return entries
}

func TestTimeline_isNewestFirstAndSaysWhatChanged(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(pair)
	b.amends(pair, id, "They fight at meals")
	closedAt := domain.LocalDateTime("2026-07-16T09:00:00")
	b.does(pair, domain.DPS, "CLOSER", domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: &closedAt})
	require.False(t, b.timelineOfRecord(pair, id)[0].Gone)
	b.does(pair, domain.DPS, "OPENER", domain.Reopen{ID: id, ReopenReason: "Not friends"})
	b.does(pair, domain.DPS, "DELETER", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})

	entries := b.timelineOfRecord(pair, id)
	require.Equal(t, []audit.Act{audit.Deleted, audit.Reopened, audit.Closed, audit.Updated, audit.Added}, acts(entries))
	deleted, closed, updated, added := entries[0], entries[2], entries[3], entries[4]
	require.Equal(t, "Mistake", deleted.Reason)
	require.Equal(t, "AJONES", deleted.RequestedBy)
	require.Equal(t, "DELETER", deleted.Fact.Meta.Actor)
	require.Empty(t, deleted.Changes)
	require.Equal(t, "Friends", closed.Reason)
	require.Equal(t, []domain.Change{{Field: domain.FieldExpiryDate, Now: (*string)(&closedAt)}}, closed.Changes)
	require.True(t, closed.RecordedApart(), "it was true a day before it was told")
	require.False(t, added.RecordedApart())
	was, now := "They fight", "They fight at meals"
	require.Equal(t, []domain.Change{{Field: domain.FieldComment, Was: &was, Now: &now}}, updated.Changes)
	require.Empty(t, added.Changes)
	for _, e := range entries {
		require.True(t, e.Gone)
		require.Empty(t, e.Other)
	}
	for i, e := range b.timelineOfPrisoner(bob, streams(pair)...) {
		require.Equal(t, entries[i].Fact.ID, e.Fact.ID)
		require.Equal(t, alice, e.Other)
	}
}

func TestTimeline_aDateOfNOMISClosesAndReopens(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	item := domain.Item{
		EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing, TypeSequence: 1,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeBullying, bob: domain.CodeVictim},
	}
	tell := func(expiry *domain.LocalDateTime) uuid.UUID {
		item.ExpiryDate = expiry
		return b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{item}})
	}
	past, ahead := domain.LocalDateTime("2022-01-01T00:00:00"), domain.LocalDateTime("2030-01-01T00:00:00")
	tell(nil)
	tell(&ahead)
	tell(&past)
	id := tell(nil)
	require.Equal(t, []audit.Act{audit.Reopened, audit.Closed, audit.Updated, audit.Added}, acts(b.timelineOfRecord(pair, id)))
}

func TestTimeline_aDeliveryStandsInTheNewestEntryThatItCovers(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(pair)
	b.amends(pair, id, "more")
	b.amends(pair, id, "said while the delivery was on its way")
	first := b.now
	for sequence := range 2 {
		b.does(pair, domain.NOMIS, "NON_ASSOCIATIONS_API", domain.Deliver{ID: id, Detail: b.detail(pair, id), TypeSequence: sequence + 1, Revision: 1})
	}
	entries := b.timelineOfRecord(pair, id)
	require.Equal(t, []audit.Act{audit.Updated, audit.Updated, audit.Added}, acts(entries))
	require.Zero(t, entries[0].InNOMISSince, "not yet there")
	require.WithinDuration(t, first, entries[1].InNOMISSince, 0, "since the first delivery")
	require.Zero(t, entries[2].InNOMISSince)
}

func (b *testLog) detail(pair domain.Pair, id uuid.UUID) domain.Detail {
	n, _ := b.state(pair).Item(id)
	detail, _ := n.Detail()
	return detail
}

func TestTimeline_saysWhatWasToldEarlierAndNotTakenOver(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	codes := map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeBullying, bob: domain.CodeVictim}
	older := domain.Item{EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing, TypeSequence: 1, ReasonCodes: codes}
	newer := domain.Item{EffectiveDate: "2022-07-05T10:35:17", TypeCode: domain.TypeWing, TypeSequence: 2, ReasonCodes: codes}
	toldAt := b.now
	counts := b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{newer, older}})
	entries := b.timelineOfRecord(pair, counts)
	require.Equal(t, []audit.Act{audit.NotTakenOver, audit.Added}, acts(entries))
	require.Equal(t, string(domain.NotLatest), entries[0].Reason)
	require.Zero(t, entries[1].ToldBefore)

	over := domain.LocalDateTime("2023-01-01T00:00:00")
	newer.ExpiryDate = &over
	b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{newer, older}})
	second := b.state(pair).Items[1].ID
	entries = b.timelineOfRecord(pair, second)
	require.Equal(t, []audit.Act{audit.Added}, acts(entries))
	require.WithinDuration(t, toldAt, entries[0].ToldBefore, 0)
	require.Zero(t, b.timelineOfRecord(pair, counts)[2].ToldBefore)
}

func TestTimeline_namesTheOtherPrisonerUnderEveryNumber(t *testing.T) {
	b, from := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(from)
	message := b.removes(bob, survivor)
	to := b.merges(b.state(from).Items[0], from, 0)
	b.amends(to, id, "later")
	b.returns(bob, survivor, message)

	all := append(streams(from, to), bob.Stream())
	want := []audit.Act{audit.MergeReversed, audit.Updated, audit.Renumbered, audit.NumbersMerged, audit.Added}
	others := func(number domain.PrisonerNumber) []domain.PrisonerNumber {
		entries := b.timelineOfPrisoner(number, all...)
		var numbers []domain.PrisonerNumber
		for _, e := range entries {
			require.False(t, e.Gone)
			numbers = append(numbers, e.Other)
		}
		if number != alice {
			require.Equal(t, want, acts(entries))
		}
		return numbers
	}
	require.Equal(t, []domain.PrisonerNumber{bob, alice, alice, bob, alice}, others(survivor))
	require.Equal(t, []domain.PrisonerNumber{survivor, alice, alice, survivor, alice}, others(bob))
	require.Equal(t, []domain.PrisonerNumber{survivor, survivor, bob}, others(alice))

	moved := b.timelineOfRecord(to, id)[1]
	require.Equal(t, audit.Renumbered, moved.Act)
	require.Empty(t, moved.Changes, "nothing but the number")
	require.Equal(t, domain.ByMerge, moved.Reason)
}

func TestTimeline_thatCannotBeReadIsAnError(t *testing.T) {
	b, pair := newPast(t), domaintest.PairOf(alice, bob)
	id := b.opens(pair)
	b.store.(*memory.Store).Delete(pair.Stream())
	_, err := b.reader.TimelineOfRecord(t.Context(), streams(pair), id)
	require.Error(t, err)
	_, err = b.reader.TimelineOfPrisoner(t.Context(), []string{"app-meta"}, alice)
	require.Error(t, err)
}

func TestRecordedApart_isMoreThanAMinute(t *testing.T) {
	e := audit.TimelineEntry{}
	e.Fact.Meta.OccurredAt = summer
	for after, want := range map[time.Duration]bool{0: false, time.Minute: false, -time.Minute: false, time.Minute + 1: true, -2 * time.Minute: true} {
		e.Fact.RecordedAt = summer.Add(after)
		require.Equal(t, want, e.RecordedApart(), after)
	}
}
