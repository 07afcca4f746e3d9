package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

const survivor domain.PrisonerNumber = "B1234CD"

var (
	target  = domaintest.PairOf(domaintest.Low, survivor)
	renamed = domain.Renumbering{Previous: domaintest.High, Number: survivor, Reason: domain.ByMerge}
)

// transferOf is the first half of moving everything of a story to the target.
func transferOf(s *domaintest.Scenario) domain.TransferIn {
	c := domain.TransferIn{Renumbering: renamed, From: pair, Revision: uint64(len(s.Facts) - 1)}
	for _, n := range s.State.Items {
		c.Records = append(c.Records, domain.TransferredRecord{NonAssociation: renamed.Of(n)})
	}
	return c
}

func givenTarget(t *testing.T) *domaintest.Scenario {
	s := domaintest.NewScenario(t)
	s.State.Pair = target
	return s
}

func TestTransferIn_carriesTheWholeRecordUnderTheNewNumber(t *testing.T) {
	s, id := OpenedScenario(t)
	there := givenTarget(t).At(domaintest.Noon.AddDate(0, 0, 1))
	d := there.Merge(transferOf(s))
	require.Len(t, d.Events, 1)
	e, is := d.Events[0].(domain.TransferredIn)
	require.True(t, is)
	require.Equal(t, pair, e.From)
	require.Equal(t, target, e.To)
	require.EqualValues(t, 0, e.Revision)

	n := there.State.Items[0]
	require.Equal(t, id, n.ID)
	require.Equal(t, survivor, n.FirstPrisoner)
	require.Equal(t, domain.Victim, n.Sides[survivor].Role)
	require.Equal(t, domain.Perpetrator, n.Sides[domaintest.Low].Role)
	require.NotContains(t, n.Sides, domaintest.High)
	require.Equal(t, domain.DPS, n.CreatedSource, "a merge does not open anything")
	require.Equal(t, domaintest.Noon.UTC(), n.OpenedAt)
	require.Equal(t, there.Facts[0].ID, n.LastEventID)
	require.Equal(t, there.Now.UTC(), n.UpdatedAt)
	require.Contains(t, s.State.Items[0].Sides, domaintest.High, "the old state stays as it was")
}

func TestTransferIn_ofTwoNotClosedTheStricterStays(t *testing.T) {
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
			s := domaintest.NewScenario(t)
			s.Sync(item(c.arrivesSince, typed(c.arrives)))
			there := givenTarget(t)
			there.Sync(forTarget(item(c.hereSince, typed(c.here))))
			here, arrived := there.State.Items[0].ID, s.State.Items[0].ID
			d := there.Merge(transferOf(s))
			stays, goes := here, arrived
			if c.arrivedStays {
				stays, goes = arrived, here
			}
			require.Len(t, d.Events, 2)
			require.Equal(t, domain.Closed{
				NonAssociationID: goes, ClosedAt: domain.Local(domaintest.Noon), ClosedBy: "OFFICER", ClosedReason: "MERGE",
			}, d.Events[1])
			require.Equal(t, stays, there.State.Items[there.State.NotClosed(domain.Today(domaintest.Noon))].ID)
		})
	}
}

func TestTransferIn_closesNoRecordThatIsAlone(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, typed(domain.TypeTotal)))
	there := givenTarget(t)
	there.Sync(forTarget(item(y2021, expiring(y2022))))
	require.Len(t, there.Merge(transferOf(s)).Events, 1)
}

// forTarget is an item as it is told of the target.
func forTarget(i domain.Item) domain.Item {
	i.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{survivor: i.ReasonCodes[domaintest.High], domaintest.Low: i.ReasonCodes[domaintest.Low]}
	return i
}

func TestTransferIn_ofAClosedRecordKeepsItsClosing(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedBy: "BOSS"})
	there := givenTarget(t)
	there.Sync(forTarget(item(y2021)))
	d := there.Merge(transferOf(s))
	require.Len(t, d.Events, 1)
	n := there.State.Items[1]
	require.Equal(t, "Friends", n.ClosedReason)
	require.Equal(t, "BOSS", n.ClosedBy)
}

func TestTransferIn_againChangesNothing(t *testing.T) {
	s, _ := OpenedScenario(t)
	there := givenTarget(t)
	there.Merge(transferOf(s))
	require.Empty(t, there.Merge(transferOf(s)).Events)
}

func TestTransferIn_againCarriesChangesOfEitherSide(t *testing.T) {
	s, id := OpenedScenario(t)
	there := givenTarget(t)
	there.Merge(transferOf(s))
	base := renamed.Of(s.State.Items[0])
	there.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Wing)})
	s.Staff(domain.Amend{ID: id, Comment: ptr("Newer")})
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedBy: "BOSS"})

	again := transferOf(s)
	again.Records[0].Base = &base
	there.Merge(again)
	n := there.State.Items[0]
	require.Len(t, there.State.Items, 1)
	require.Equal(t, domain.Wing, n.Restriction)
	require.Equal(t, "Newer", *n.Comment)
	require.Equal(t, "Friends", n.ClosedReason)
	require.Equal(t, "BOSS", n.ClosedBy)
	require.EqualValues(t, 2, n.TransferredFrom.Revision)
}

func TestTransferIn_againCarriesADeletion(t *testing.T) {
	s, id := OpenedScenario(t)
	there := givenTarget(t)
	there.Merge(transferOf(s))
	base := renamed.Of(s.State.Items[0])
	s.Staff(domain.Delete{ID: id})
	again := transferOf(s)
	again.Records[0].Base = &base
	there.Merge(again)
	require.True(t, there.State.Items[0].Deleted)
}

func TestTransferOut_leavesATraceOfTheNewPair(t *testing.T) {
	s, id := OpenedScenario(t)
	leave := domain.TransferOut{Renumbering: renamed, IDs: []uuid.UUID{id}, To: target}
	require.Len(t, s.Merge(leave).Events, 1)
	require.Empty(t, s.State.Items)
	require.Empty(t, s.Merge(leave).Events, "twice is once")

	for _, c := range []domain.Command{
		domain.Amend{ID: id, Roles: map[domain.PrisonerNumber]domain.Role{domaintest.High: domain.Perpetrator}},
		domain.Close{ID: id},
		domain.Reopen{ID: id},
		domain.Delete{ID: id},
	} {
		_, err := s.Decide(domain.DPS, c)
		var moved domain.Moved
		require.ErrorAs(t, err, &moved)
		require.Equal(t, target, moved.To)
	}
	s.Staff(domain.Open{FirstPrisoner: domaintest.Low, Reason: domain.OtherReason, Restriction: domain.Wing})
	require.Equal(t, created, s.Sync(item(y2021, named(id), expiring(y2022))).Outcomes[0].Kind, "it is stored as given")
}

func TestTransferIn_backIntoTheFirstPairRestoresTheRecord(t *testing.T) {
	s, id := OpenedScenario(t)
	there := givenTarget(t)
	there.Merge(transferOf(s))
	s.Merge(domain.TransferOut{Renumbering: renamed, IDs: []uuid.UUID{id}, To: target})
	back := domain.Renumbering{Previous: survivor, Number: domaintest.High, Reason: "Not the same man"}
	s.Merge(domain.TransferIn{Renumbering: back, From: target, Records: []domain.TransferredRecord{{NonAssociation: back.Of(there.State.Items[0])}}})
	require.Len(t, s.State.Items, 1)
	require.Empty(t, s.State.TransferredOut)
	require.Equal(t, domaintest.High, s.State.Items[0].FirstPrisoner)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Here")})
}

func TestDeleteSelfPair_deletesRecordsAndNamesTheActor(t *testing.T) {
	s, id := OpenedScenario(t)
	require.Equal(t, []domain.Event{domain.Deleted{NonAssociationID: id, RequestedBy: "OFFICER", DeletionReason: "MERGE"}},
		s.Merge(domain.DeleteSelfPair{IDs: []uuid.UUID{id}}).Events)
	require.Empty(t, s.Merge(domain.DeleteSelfPair{IDs: []uuid.UUID{id}}).Events)
}

func TestSpan_coversByLondonWallClockBothEndsIncluded(t *testing.T) {
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 7, 15, hour, minute, second, 0, domaintest.London)
	}
	span := domain.Period{From: at(12, 0, 0), Until: at(12, 0, 0).UTC()}
	staff := domain.NonAssociation{CreatedSource: domain.DPS, OpenedAt: at(12, 0, 0).UTC(), Details: domain.Details{EffectiveDate: y2021}}
	require.True(t, span.Contains(staff, domaintest.London))
	staff.OpenedAt = staff.OpenedAt.Add(time.Microsecond)
	require.False(t, span.Contains(staff, domaintest.London))
	staff.OpenedAt = staff.OpenedAt.Add(-2 * time.Microsecond)
	require.False(t, span.Contains(staff, domaintest.London))

	told := domain.NonAssociation{CreatedSource: domain.NOMIS, OpenedAt: at(9, 0, 0), Details: domain.Details{EffectiveDate: "2026-07-15T12:00:00"}}
	require.True(t, span.Contains(told, domaintest.London))
	told.EffectiveDate = "2026-07-15T12:00:01"
	require.False(t, span.Contains(told, domaintest.London))
	require.True(t, domain.Period{}.Contains(told, domaintest.London))
}

func TestTransferIn_hasNoSequenceUntilNOMISGivesOne(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, sequence(3)))
	there := givenTarget(t)
	arrived := there.Merge(transferOf(s)).Events[0].(domain.TransferredIn)
	require.Zero(t, arrived.NonAssociation.TypeSequence)
	require.Zero(t, there.State.Items[0].TypeSequence)
	there.Sync(forTarget(item(y2021, sequence(1))))
	require.Equal(t, 1, there.State.Items[0].TypeSequence)

	base := renamed.Of(s.State.Items[0])
	s.Sync(item(y2021, sequence(3), func(i *domain.Item) { i.Comment = ptr("Newer") }))
	again := transferOf(s)
	again.Records[0].Base = &base
	there.Merge(again)
	require.Equal(t, 1, there.State.Items[0].TypeSequence, "what was learned here stays")
	require.Equal(t, "Newer", *there.State.Items[0].Comment)
}

func TestRestore_bringsItBackAsItIsGiven(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, sequence(1)))
	before := s.State.Items[0]
	s.Merge(domain.DeleteSelfPair{IDs: []uuid.UUID{before.ID}})
	s.Sync(item(y2022, typed(domain.TypeTotal)))
	s.State.Items[1].TypeSequence = 1
	d := s.Merge(domain.Restore{Renumbering: renamed, Records: []domain.NonAssociation{before}})
	restored := s.State.Items[0]
	require.Equal(t, domain.TypeRestored, domain.TypeOf(d.Events[0]))
	require.False(t, restored.Deleted)
	require.Zero(t, restored.TypeSequence, "NOMIS has given it to another since")
	require.Equal(t, "MERGE", restored.ClosedReason, "another that is stricter is not closed")
	require.Equal(t, before.Sides, restored.Sides)
}
