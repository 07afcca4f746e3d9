package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

const survivor domain.PrisonerNumber = "B1234CD"

var (
	target  = mustPair(low, survivor)
	renamed = domain.Renumbering{Previous: high, Number: survivor, Reason: domain.ByMerge}
)

// arriving is the first half of moving everything of a story to the target.
func (s *story) arriving() domain.TransferIn {
	c := domain.TransferIn{Renumbering: renamed, From: pair, Revision: uint64(len(s.facts) - 1)}
	for _, n := range s.state.Items {
		c.Records = append(c.Records, domain.TransferredRecord{NonAssociation: renamed.Of(n)})
	}
	return c
}

func givenTarget(t *testing.T) *story {
	s := given(t)
	s.state.Pair = target
	return s
}

func (s *story) merges(c domain.Command) domain.Decision {
	s.t.Helper()
	decision, err := s.decide(domain.Merge, c)
	require.NoError(s.t, err)
	return decision
}

func TestArrive_carriesTheWholeRecordUnderTheNewNumber(t *testing.T) {
	s, id := opened(t)
	there := givenTarget(t).at(noon.AddDate(0, 0, 1))
	d := there.merges(s.arriving())
	require.Len(t, d.Events, 1)
	e, is := d.Events[0].(domain.TransferredIn)
	require.True(t, is)
	require.Equal(t, pair, e.From)
	require.Equal(t, target, e.To)
	require.EqualValues(t, 0, e.Revision)

	n := there.state.Items[0]
	require.Equal(t, id, n.ID)
	require.Equal(t, survivor, n.FirstPrisoner)
	require.Equal(t, domain.Victim, n.Sides[survivor].Role)
	require.Equal(t, domain.Perpetrator, n.Sides[low].Role)
	require.NotContains(t, n.Sides, high)
	require.Equal(t, domain.DPS, n.CreatedSource, "a merge does not open anything")
	require.Equal(t, noon.UTC(), n.OpenedAt)
	require.Equal(t, there.facts[0].ID, n.LastEventID)
	require.Equal(t, there.now.UTC(), n.UpdatedAt)
	require.Contains(t, s.state.Items[0].Sides, high, "the old state stays as it was")
}

func TestArrive_ofTwoNotClosedTheStricterStays(t *testing.T) {
	const yetToCome domain.LocalDateTime = "2204-01-01T00:00:00"
	for name, c := range map[string]struct {
		here, arrives domain.TypeCode
		hereSince     domain.LocalDateTime
		arrivesSince  domain.LocalDateTime
		arrivedStays  bool
	}{
		"equal: the one that was there":      {domain.TypeWing, domain.TypeWing, y2022, y2021, false},
		"the one that was there":             {domain.TypeTotal, domain.TypeWing, y2021, y2021, false},
		"the one that arrives":               {domain.TypeWing, domain.TypeTotal, y2021, y2021, true},
		"no exercise is looser than a wing":  {domain.TypeDoNotExercise, domain.TypeWing, y2021, y2021, true},
		"no exercise is stricter than floor": {domain.TypeLanding, domain.TypeDoNotExercise, y2021, y2021, true},
		"a cell is the loosest":              {domain.TypeCell, domain.TypeLanding, y2021, y2021, true},
		"what has begun is there first":      {domain.TypeCell, domain.TypeTotal, y2021, yetToCome, false},
		"what has begun comes before it":     {domain.TypeTotal, domain.TypeCell, yetToCome, y2021, true},
		"both to come: the stricter":         {domain.TypeCell, domain.TypeTotal, yetToCome, yetToCome, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(t)
			s.synced(item(c.arrivesSince, typed(c.arrives)))
			there := givenTarget(t)
			there.synced(forTarget(item(c.hereSince, typed(c.here))))
			here, arrived := there.state.Items[0].ID, s.state.Items[0].ID
			d := there.merges(s.arriving())
			stays, goes := here, arrived
			if c.arrivedStays {
				stays, goes = arrived, here
			}
			require.Len(t, d.Events, 2)
			require.Equal(t, domain.Closed{
				NonAssociationID: goes, ClosedAt: domain.Local(noon), ClosedBy: "OFFICER", ClosedReason: "MERGE",
			}, d.Events[1])
			require.Equal(t, stays, there.state.Items[there.state.NotClosed(domain.Today(noon))].ID)
		})
	}
}

func TestArrive_closesNothingThatStandsAlone(t *testing.T) {
	s := given(t)
	s.synced(item(y2021, typed(domain.TypeTotal)))
	there := givenTarget(t)
	there.synced(forTarget(item(y2021, expiring(y2022))))
	require.Len(t, there.merges(s.arriving()).Events, 1)
}

// forTarget is an item as it is told of the target.
func forTarget(i domain.Item) domain.Item {
	i.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{survivor: i.ReasonCodes[high], low: i.ReasonCodes[low]}
	return i
}

func TestArrive_aClosedOneKeepsItsClosing(t *testing.T) {
	s, id := opened(t)
	s.staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedBy: "BOSS"})
	there := givenTarget(t)
	there.synced(forTarget(item(y2021)))
	d := there.merges(s.arriving())
	require.Len(t, d.Events, 1)
	n := there.state.Items[1]
	require.Equal(t, "Friends", n.ClosedReason)
	require.Equal(t, "BOSS", n.ClosedBy)
}

func TestArrive_againIsNothing(t *testing.T) {
	s, _ := opened(t)
	there := givenTarget(t)
	there.merges(s.arriving())
	require.Empty(t, there.merges(s.arriving()).Events)
}

func TestArrive_againCarriesOverWhatChangedOnEitherSide(t *testing.T) {
	s, id := opened(t)
	there := givenTarget(t)
	there.merges(s.arriving())
	base := renamed.Of(s.state.Items[0])
	there.staff(domain.Amend{ID: id, Restriction: ptr(domain.Wing)})
	s.staff(domain.Amend{ID: id, Comment: ptr("Newer")})
	s.staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedBy: "BOSS"})

	again := s.arriving()
	again.Records[0].Base = &base
	there.merges(again)
	n := there.state.Items[0]
	require.Len(t, there.state.Items, 1)
	require.Equal(t, domain.Wing, n.Restriction)
	require.Equal(t, "Newer", *n.Comment)
	require.Equal(t, "Friends", n.ClosedReason)
	require.Equal(t, "BOSS", n.ClosedBy)
	require.EqualValues(t, 2, n.TransferredFrom.Revision)
}

func TestArrive_againCarriesADeletionOver(t *testing.T) {
	s, id := opened(t)
	there := givenTarget(t)
	there.merges(s.arriving())
	base := renamed.Of(s.state.Items[0])
	s.staff(domain.Delete{ID: id})
	again := s.arriving()
	again.Records[0].Base = &base
	there.merges(again)
	require.True(t, there.state.Items[0].Deleted)
}

func TestLeave_thePairLacksItAndKnowsWhereItWent(t *testing.T) {
	s, id := opened(t)
	leave := domain.TransferOut{Renumbering: renamed, IDs: []uuid.UUID{id}, To: target}
	require.Len(t, s.merges(leave).Events, 1)
	require.Empty(t, s.state.Items)
	require.Empty(t, s.merges(leave).Events, "twice is once")

	for _, c := range []domain.Command{
		domain.Amend{ID: id, Roles: map[domain.PrisonerNumber]domain.Role{high: domain.Perpetrator}},
		domain.Close{ID: id}, domain.Reopen{ID: id}, domain.Delete{ID: id},
	} {
		_, err := s.decide(domain.DPS, c)
		var moved domain.Moved
		require.ErrorAs(t, err, &moved)
		require.Equal(t, target, moved.To)
	}
	s.staff(domain.Open{FirstPrisoner: low, Reason: domain.OtherReason, Restriction: domain.Wing})
	require.Equal(t, created, s.synced(item(y2021, named(id), expiring(y2022))).Outcomes[0].Kind, "it is stored as given")
}

func TestArrive_backIsHereAgain(t *testing.T) {
	s, id := opened(t)
	there := givenTarget(t)
	there.merges(s.arriving())
	s.merges(domain.TransferOut{Renumbering: renamed, IDs: []uuid.UUID{id}, To: target})
	back := domain.Renumbering{Previous: survivor, Number: high, Reason: "Not the same man"}
	s.merges(domain.TransferIn{Renumbering: back, From: target, Records: []domain.TransferredRecord{{NonAssociation: back.Of(there.state.Items[0])}}})
	require.Len(t, s.state.Items, 1)
	require.Empty(t, s.state.TransferredOut)
	require.Equal(t, high, s.state.Items[0].FirstPrisoner)
	s.staff(domain.Amend{ID: id, Comment: ptr("Here")})
}

func TestDissolve_deletesWhatLivesAndSaysByWhom(t *testing.T) {
	s, id := opened(t)
	require.Equal(t, []domain.Event{domain.Deleted{NonAssociationID: id, RequestedBy: "OFFICER", DeletionReason: "MERGE"}},
		s.merges(domain.DeleteSelfPair{IDs: []uuid.UUID{id}}).Events)
	require.Empty(t, s.merges(domain.DeleteSelfPair{IDs: []uuid.UUID{id}}).Events)
}

func TestSpan_coversByLondonWallClockBothEndsIncluded(t *testing.T) {
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 7, 15, hour, minute, second, 0, london)
	}
	span := domain.Period{From: at(12, 0, 0), Until: at(12, 0, 0).UTC()}
	staff := domain.NonAssociation{CreatedSource: domain.DPS, OpenedAt: at(12, 0, 0).UTC(), Details: domain.Details{EffectiveDate: y2021}}
	require.True(t, span.Contains(staff, london))
	staff.OpenedAt = staff.OpenedAt.Add(time.Microsecond)
	require.False(t, span.Contains(staff, london))
	staff.OpenedAt = staff.OpenedAt.Add(-2 * time.Microsecond)
	require.False(t, span.Contains(staff, london))

	told := domain.NonAssociation{CreatedSource: domain.NOMIS, OpenedAt: at(9, 0, 0), Details: domain.Details{EffectiveDate: "2026-07-15T12:00:00"}}
	require.True(t, span.Contains(told, london))
	told.EffectiveDate = "2026-07-15T12:00:01"
	require.False(t, span.Contains(told, london))
	require.True(t, domain.Period{}.Contains(told, london))
}

func TestArrive_hasNoSequenceUntilNOMISGivesOne(t *testing.T) {
	s := given(t)
	s.synced(item(y2021, sequence(3)))
	there := givenTarget(t)
	arrived := there.merges(s.arriving()).Events[0].(domain.TransferredIn)
	require.Zero(t, arrived.NonAssociation.TypeSequence)
	require.Zero(t, there.state.Items[0].TypeSequence)
	there.synced(forTarget(item(y2021, sequence(1))))
	require.Equal(t, 1, there.state.Items[0].TypeSequence)

	base := renamed.Of(s.state.Items[0])
	s.synced(item(y2021, sequence(3), func(i *domain.Item) { i.Comment = ptr("Newer") }))
	again := s.arriving()
	again.Records[0].Base = &base
	there.merges(again)
	require.Equal(t, 1, there.state.Items[0].TypeSequence, "what was learned here stays")
	require.Equal(t, "Newer", *there.state.Items[0].Comment)
}

func TestRestore_bringsItBackAsItIsGiven(t *testing.T) {
	s := given(t)
	s.synced(item(y2021, sequence(1)))
	before := s.state.Items[0]
	s.merges(domain.DeleteSelfPair{IDs: []uuid.UUID{before.ID}})
	s.synced(item(y2022, typed(domain.TypeTotal)))
	s.state.Items[1].TypeSequence = 1
	d := s.merges(domain.Restore{Renumbering: renamed, Records: []domain.NonAssociation{before}})
	restored := s.state.Items[0]
	require.Equal(t, domain.TypeRestored, domain.TypeOf(d.Events[0]))
	require.False(t, restored.Deleted)
	require.Zero(t, restored.TypeSequence, "NOMIS has given it to another since")
	require.Equal(t, "MERGE", restored.ClosedReason, "another that is stricter is not closed")
	require.Equal(t, before.Sides, restored.Sides)
}
