package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func commandType(t *testing.T, fact domain.Fact) json.RawMessage {
	t.Helper()
	var asked struct{ Type json.RawMessage }
	require.NoError(t, json.Unmarshal(fact.Meta.Command, &asked))
	return asked.Type
}

func reopen(id uuid.UUID) domain.Reopen { return domain.Reopen{ID: id, ReopenReason: "Fighting again"} }

func TestOpen_saysItInBothVocabularies(t *testing.T) {
	s, _ := opened(t)
	n := s.state.Items[0]
	require.Equal(t, domain.TypeCell, n.TypeCode)
	require.Equal(t, domain.CodeVictim, n.Sides[high].ReasonCode)
	require.Equal(t, domain.CodePerpetrator, n.Sides[low].ReasonCode)
	require.Equal(t, domain.LocalDateTime("2026-07-15T12:00:00"), n.EffectiveDate)
	require.Equal(t, "OFFICER", *n.AuthorisedBy)
	require.Equal(t, high, n.FirstPrisoner)
}

func TestOpen_isRefusedWhenOneIsNotClosed(t *testing.T) {
	s, _ := opened(t)
	s.refused(domain.CodeOpenExists, domain.DPS, domain.Open{FirstPrisoner: low})
	s = given(t)
	s.synced(item(y2099))
	s.refused(domain.CodeOpenExists, domain.DPS, domain.Open{FirstPrisoner: low})
}

func TestOpen_afterAClosedOne(t *testing.T) {
	s, id := opened(t)
	s.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.staff(domain.Open{FirstPrisoner: low, Reason: domain.OtherReason, Restriction: domain.Wing})
	require.Len(t, s.state.Items, 2)
}

func TestAmend_codesOfNOMISSurviveWhatStaffSayOfSomethingElse(t *testing.T) {
	s := given(t)
	id := s.synced(item(y2021, coded(domain.CodeBullying, domain.CodeVictim), typed(domain.TypeTotal))).Outcomes[0].NonAssociationID
	s.staff(domain.Amend{ID: id, Comment: ptr("Staff say more")})
	n := s.state.Items[0]
	require.Equal(t, domain.TypeTotal, n.TypeCode)
	require.Equal(t, domain.CodeBullying, n.Sides[high].ReasonCode)
	require.Equal(t, domain.CodeVictim, n.Sides[low].ReasonCode)

	s.staff(domain.Amend{ID: id, Restriction: ptr(domain.Landing), Reason: ptr(domain.Threat)})
	n = s.state.Items[0]
	require.Equal(t, domain.TypeLanding, n.TypeCode)
	require.Equal(t, domain.CodeUnknown, n.Sides[high].ReasonCode)
	require.Equal(t, domain.CodeVictim, n.Sides[low].ReasonCode)
}

func TestAmend_nothingNewIsNoEvent(t *testing.T) {
	s, id := opened(t)
	d := s.staff(domain.Amend{ID: id, Comment: ptr("They keep fighting"), Reason: ptr(domain.Threat)})
	require.Empty(t, d.Events)
	require.Empty(t, s.staff(domain.Amend{ID: id}).Events)
}

func TestAmend_isRefusedWhenClosedUnknownOrDeleted(t *testing.T) {
	s, id := opened(t)
	s.refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: commandID(99)})
	s.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.refused(domain.CodeAlreadyClosed, domain.DPS, domain.Amend{ID: id})
	s.staff(domain.Delete{ID: id})
	s.refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: id})
}

func TestClose_nowOrWhenStaffSay(t *testing.T) {
	s, id := opened(t)
	s.at(noon.AddDate(0, 0, 2))
	s.staff(domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: ptr(domain.LocalDateTime("2026-07-16T08:00:00")), ClosedBy: "BOSS"})
	n := s.state.Items[0]
	require.Equal(t, domain.LocalDateTime("2026-07-16T08:00:00"), *n.ExpiryDate)
	require.Equal(t, "BOSS", n.ClosedBy)
	require.Equal(t, "BOSS", n.UpdatedBy)
	last := s.facts[len(s.facts)-1].Meta
	require.Equal(t, time.Date(2026, 7, 16, 8, 0, 0, 0, london).UTC(), last.OccurredAt)
	require.Equal(t, s.now.UTC(), last.DecidedAt)
	s.refused(domain.CodeAlreadyClosed, domain.DPS, domain.Close{ID: id})
}

func TestClose_isRefusedInTheFutureAndBeforeTheBeginning(t *testing.T) {
	s, id := opened(t)
	s.refused(domain.CodeInvalid, domain.DPS, domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-07-15T12:00:01"))})
	s.refused(domain.CodeInvalid, domain.DPS, domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-07-15T11:59:59"))})
}

func TestClose_aPendingOneClosesItNow(t *testing.T) {
	s := given(t)
	id := s.synced(item(y2099)).Outcomes[0].NonAssociationID
	s.staff(domain.Close{ID: id, ClosedReason: "Not needed"})
	require.Equal(t, -1, s.state.NotClosed(domain.Today(noon)))
}

func TestReopen_keepsTheComment(t *testing.T) {
	s, id := opened(t)
	s.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.staff(reopen(id))
	n := s.state.Items[0]
	require.Nil(t, n.ExpiryDate)
	require.Empty(t, n.ClosedBy)
	require.Equal(t, "They keep fighting", *n.Comment)
}

func TestReopen_isRefusedWhenAnyIsNotClosed(t *testing.T) {
	s, id := opened(t)
	s.refused(domain.CodeAlreadyOpen, domain.DPS, reopen(id))
	s.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.staff(domain.Open{FirstPrisoner: low, Reason: domain.OtherReason, Restriction: domain.Wing})
	s.refused(domain.CodeAlreadyOpen, domain.DPS, reopen(id))
}

func TestDelete_twiceIsOneFactForNOMISAndNotThereForStaff(t *testing.T) {
	s, id := opened(t)
	s.refused(domain.CodeNotFound, domain.NOMIS, domain.Delete{ID: commandID(99)})
	d, err := s.decide(domain.NOMIS, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Equal(t, []domain.Event{domain.Deleted{NonAssociationID: id, RequestedBy: "OFFICER"}}, d.Events)
	d, err = s.decide(domain.NOMIS, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Empty(t, d.Events)
	s.refused(domain.CodeNotFound, domain.DPS, domain.Delete{ID: id})
}

func TestNOMIS_takesAClosingOfStaffBackAndItsReasonWithIt(t *testing.T) {
	s, id := opened(t)
	s.staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Equal(t, "Friends", s.state.Items[0].ClosedReason)
	s.synced(item(s.state.Items[0].EffectiveDate, named(id)))
	require.Nil(t, s.state.Items[0].ExpiryDate)
	require.Empty(t, s.state.Items[0].ClosedReason)
}

func TestIfMatch_aChangeThatTheCallerDidNotSeeIsStale(t *testing.T) {
	s, id := opened(t)
	seen := s.state.Items[0].LastEventID
	s.staff(domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}, Comment: ptr("Still fighting")})
	for _, c := range []domain.Command{
		domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}, Comment: ptr("Mine")}, domain.Close{ID: id, IfMatch: domain.FactsSeen{seen}, ClosedReason: "Over"},
		domain.Reopen{ID: id, IfMatch: domain.FactsSeen{seen}}, domain.Delete{ID: id, IfMatch: domain.FactsSeen{seen}},
	} {
		s.refused(domain.CodeStale, domain.DPS, c)
	}
	s.staff(domain.Close{ID: id, IfMatch: domain.FactsSeen{commandID(98), s.state.Items[0].LastEventID}, ClosedReason: "Over"})
	s.refused(domain.CodeStale, domain.DPS, domain.Amend{ID: id, IfMatch: domain.FactsSeen{seen}})
	s.refused(domain.CodeNotFound, domain.DPS, domain.Amend{ID: commandID(99), IfMatch: domain.FactsSeen{seen}})
}
