package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func commandType(t *testing.T, fact domain.Fact) json.RawMessage {
	t.Helper()
	var asked struct{ Type json.RawMessage }
	require.NoError(t, json.Unmarshal(fact.Meta.Command, &asked))
	return asked.Type
}

func reopen(id uuid.UUID) domain.Reopen { return domain.Reopen{ID: id, ReopenReason: "Fighting again"} }

func TestOpen_saysItInBothVocabularies(t *testing.T) {
	s, _ := OpenedScenario(t)
	n := s.State.Items[0]
	require.Equal(t, domain.TypeCell, n.TypeCode)
	require.Equal(t, domain.CodeVictim, n.Sides[domaintest.High].ReasonCode)
	require.Equal(t, domain.CodePerpetrator, n.Sides[domaintest.Low].ReasonCode)
	require.Equal(t, domain.LocalDateTime("2026-07-15T12:00:00"), n.EffectiveDate)
	require.Equal(t, "OFFICER", *n.AuthorisedBy)
	require.Equal(t, domaintest.High, n.FirstPrisoner)
}

func TestOpen_isRefusedWhenOneIsNotClosed(t *testing.T) {
	s, _ := OpenedScenario(t)
	s.Refused(domain.CodeOpenExists, domain.DPS, domain.Open{FirstPrisoner: domaintest.Low})
	s = domaintest.NewScenario(t)
	s.Sync(item(y2099))
	s.Refused(domain.CodeOpenExists, domain.DPS, domain.Open{FirstPrisoner: domaintest.Low})
}

func TestOpen_afterAClosedOne(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.Staff(domain.Open{FirstPrisoner: domaintest.Low, Reason: domain.OtherReason, Restriction: domain.Wing})
	require.Len(t, s.State.Items, 2)
}

func TestAmend_codesOfNOMISSurviveWhatStaffSayOfSomethingElse(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2021, coded(domain.CodeBullying, domain.CodeVictim), typed(domain.TypeTotal))).Outcomes[0].NonAssociationID
	s.Staff(domain.Amend{ID: id, Comment: ptr("Staff say more")})
	n := s.State.Items[0]
	require.Equal(t, domain.TypeTotal, n.TypeCode)
	require.Equal(t, domain.CodeBullying, n.Sides[domaintest.High].ReasonCode)
	require.Equal(t, domain.CodeVictim, n.Sides[domaintest.Low].ReasonCode)

	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Landing), Reason: ptr(domain.Threat)})
	n = s.State.Items[0]
	require.Equal(t, domain.TypeLanding, n.TypeCode)
	require.Equal(t, domain.CodeUnknown, n.Sides[domaintest.High].ReasonCode)
	require.Equal(t, domain.CodeVictim, n.Sides[domaintest.Low].ReasonCode)
}

func TestAmend_nothingNewIsNoEvent(t *testing.T) {
	s, id := OpenedScenario(t)
	d := s.Staff(domain.Amend{ID: id, Comment: ptr("They keep fighting"), Reason: ptr(domain.Threat)})
	require.Empty(t, d.Events)
	require.Empty(t, s.Staff(domain.Amend{ID: id}).Events)
}

func TestAmend_isRefusedWhenClosedUnknownOrDeleted(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: domaintest.CommandID(99)})
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.Refused(domain.CodeAlreadyClosed, domain.DPS, domain.Amend{ID: id})
	s.Staff(domain.Delete{ID: id})
	s.Refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: id})
}

func TestClose_nowOrWhenStaffSay(t *testing.T) {
	s, id := OpenedScenario(t)
	s.At(domaintest.Noon.AddDate(0, 0, 2))
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: ptr(domain.LocalDateTime("2026-07-16T08:00:00")), ClosedBy: "BOSS"})
	n := s.State.Items[0]
	require.Equal(t, domain.LocalDateTime("2026-07-16T08:00:00"), *n.ExpiryDate)
	require.Equal(t, "BOSS", n.ClosedBy)
	require.Equal(t, "BOSS", n.UpdatedBy)
	last := s.Facts[len(s.Facts)-1].Meta
	require.Equal(t, time.Date(2026, 7, 16, 8, 0, 0, 0, domaintest.London).UTC(), last.OccurredAt)
	require.Equal(t, s.Now.UTC(), last.DecidedAt)
	s.Refused(domain.CodeAlreadyClosed, domain.DPS, domain.Close{ID: id})
}

func TestClose_isRefusedInTheFutureAndBeforeTheBeginning(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Refused(domain.CodeInvalid, domain.DPS, domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-07-15T12:00:01"))})
	s.Refused(domain.CodeInvalid, domain.DPS, domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-07-15T11:59:59"))})
}

func TestClose_aPendingOneClosesItNow(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2099)).Outcomes[0].NonAssociationID
	s.Staff(domain.Close{ID: id, ClosedReason: "Not needed"})
	require.Equal(t, -1, s.State.NotClosed(domain.Today(domaintest.Noon)))
}

func TestReopen_keepsTheComment(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.Staff(reopen(id))
	n := s.State.Items[0]
	require.Nil(t, n.ExpiryDate)
	require.Empty(t, n.ClosedBy)
	require.Equal(t, "They keep fighting", *n.Comment)
}

func TestReopen_isRefusedWhenAnyIsNotClosed(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Refused(domain.CodeAlreadyOpen, domain.DPS, reopen(id))
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.Staff(domain.Open{FirstPrisoner: domaintest.Low, Reason: domain.OtherReason, Restriction: domain.Wing})
	s.Refused(domain.CodeAlreadyOpen, domain.DPS, reopen(id))
}

func TestDelete_twiceIsOneFactForNOMISAndNotThereForStaff(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Refused(domain.CodeNotFound, domain.NOMIS, domain.Delete{ID: domaintest.CommandID(99)})
	d, err := s.Decide(domain.NOMIS, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Equal(t, []domain.Event{domain.Deleted{NonAssociationID: id, RequestedBy: "OFFICER"}}, d.Events)
	d, err = s.Decide(domain.NOMIS, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Empty(t, d.Events)
	s.Refused(domain.CodeNotFound, domain.DPS, domain.Delete{ID: id})
}

func TestNOMIS_takesAClosingOfStaffBackAndItsReasonWithIt(t *testing.T) {
	s, id := OpenedScenario(t)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, "Friends", s.State.Items[0].ClosedReason)
	s.Sync(item(s.State.Items[0].EffectiveDate, named(id)))
	require.Nil(t, s.State.Items[0].ExpiryDate)
	require.Empty(t, s.State.Items[0].ClosedReason)
}

func TestIfMatch_aChangeThatTheCallerDidNotSeeIsStale(t *testing.T) {
	s, id := OpenedScenario(t)
	seen := s.State.Items[0].LastEventID
	s.Staff(domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}, Comment: ptr("Still fighting")})
	for _, c := range []domain.Command{
		domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}, Comment: ptr("Mine")},
		domain.Close{ID: id, IfMatch: domain.FactsSeen{seen}, ClosedReason: "Over"},
		domain.Reopen{ID: id, IfMatch: domain.FactsSeen{seen}},
		domain.Delete{ID: id, IfMatch: domain.FactsSeen{seen}},
	} {
		s.Refused(domain.CodeStale, domain.DPS, c)
	}
	s.Staff(domain.Close{ID: id, IfMatch: domain.FactsSeen{domaintest.CommandID(98), s.State.Items[0].LastEventID}, ClosedReason: "Over"})
	s.Refused(domain.CodeStale, domain.DPS, domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}})
	s.Refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: domaintest.CommandID(99), IfMatch: domain.FactsSeen{seen}})
}
