package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func utc(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestInstants_ofAWallClockTimeAreZeroOneOrTwo(t *testing.T) {
	for wall, want := range map[domain.LocalDateTime][]time.Time{
		"2026-07-15T12:00:00": {utc("2026-07-15T11:00:00Z")},
		"2026-01-15T12:00:00": {utc("2026-01-15T12:00:00Z")},
		"2026-03-29T00:59:59": {utc("2026-03-29T00:59:59Z")},
		"2026-03-29T01:00:00": nil,
		"2026-03-29T01:30:00": nil,
		"2026-03-29T01:59:59": nil,
		"2026-03-29T02:00:00": {utc("2026-03-29T01:00:00Z")},
		"2026-10-25T00:59:59": {utc("2026-10-24T23:59:59Z")},
		"2026-10-25T01:00:00": {utc("2026-10-25T00:00:00Z"), utc("2026-10-25T01:00:00Z")},
		"2026-10-25T01:59:59": {utc("2026-10-25T00:59:59Z"), utc("2026-10-25T01:59:59Z")},
		"2026-10-25T02:00:00": {utc("2026-10-25T02:00:00Z")},
		"1916-05-21T02:30:00": nil, // the first summer time
		"1970-07-01T12:00:00": {utc("1970-07-01T11:00:00Z")},
		"0001-01-01T00:00:00": {time.Date(1, 1, 1, 0, 1, 15, 0, time.UTC)}, // domaintest.London's own mean time
		"9999-12-31T23:59:59": {utc("9999-12-31T23:59:59Z")},
	} {
		instants := wall.Instants(domaintest.London)
		require.Len(t, instants, len(want), wall)
		for i := range want {
			require.True(t, want[i].Equal(instants[i]), "%s: %s", wall, instants[i])
			require.Equal(t, wall, domain.Local(instants[i]))
		}
	}
}

// Staff say when something was true in words that a clock change makes mean two
// moments, or none.
func TestStaffsTimes_inTheHoursOfAClockChange(t *testing.T) {
	const none, future, early = "", "must not be in the future", "must not be before the non-association began"
	hour := domain.ErrNoSuchHour.Error()
	for name, c := range map[string]struct {
		began, now string
		at         domain.LocalDateTime
		occurred   string // in UTC, when it is taken
		closing    string // why a closing is refused
		reopening  string // why a reopening is refused
	}{
		"the first time round":                   {"2026-10-20T00:00:00Z", "2026-10-25T00:40:00Z", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", none, none},
		"twenty minutes later on that clock":     {"2026-10-20T00:00:00Z", "2026-10-25T00:10:00Z", "2026-10-25T01:30:00", "", future, future},
		"the first time, said in the second":     {"2026-10-20T00:00:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", none, none},
		"either, said in the second":             {"2026-10-20T00:00:00Z", "2026-10-25T01:40:00Z", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", none, none},
		"after both":                             {"2026-10-20T00:00:00Z", "2026-10-25T01:10:00Z", "2026-10-25T02:00:00", "", future, future},
		"only the second is after the beginning": {"2026-10-25T00:50:00Z", "2026-10-25T01:20:00Z", "2026-10-25T01:10:00", "2026-10-25T01:10:00Z", none, none},
		"the same second as the beginning":       {"2026-10-25T00:50:00Z", "2026-10-25T01:20:00Z", "2026-10-25T01:50:00", "2026-10-25T00:50:00Z", none, none},
		"before the beginning both times":        {"2026-10-25T02:10:00Z", "2026-10-25T03:00:00Z", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", early, none},
		"an hour that does not exist":            {"2026-03-01T00:00:00Z", "2026-03-29T05:00:00Z", "2026-03-29T01:30:00", "", hour, hour},
		"the hour behind it":                     {"2026-03-01T00:00:00Z", "2026-03-29T05:00:00Z", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z", none, none},
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t).At(utc(c.began).In(domaintest.London))
			id := s.Staff(domain.Open{FirstPrisoner: domaintest.Low, Reason: domain.Violence, Restriction: domain.Wing}).Outcomes[0].NonAssociationID
			requireMoment(t, s.At(utc(c.now).In(domaintest.London)), c.closing, "closedAt", c.occurred, domain.Close{ID: id, ClosedReason: "x", ClosedAt: &c.at})

			s = domaintest.NewScenario(t).At(utc(c.began).In(domaintest.London))
			id = s.Sync(item(domain.Local(s.Now), expiring(domain.Local(s.Now)))).Outcomes[0].NonAssociationID
			requireMoment(t, s.At(utc(c.now).In(domaintest.London)), c.reopening, "reopenedAt", first(c.at), domain.Reopen{ID: id, ReopenReason: "x", ReopenedAt: &c.at})
		})
	}
}

// first is the earliest moment that a wall-clock time can mean.
func first(at domain.LocalDateTime) string {
	for _, instant := range at.Instants(domaintest.London) {
		return instant.UTC().Format(time.RFC3339)
	}
	return ""
}

// requireMoment decides and holds it against why it must be refused, or else when it
// was true.
func requireMoment(t *testing.T, s *domaintest.Scenario, refused, field, occurred string, c domain.Command) {
	t.Helper()
	if refused == "" {
		s.Staff(c)
		require.Equal(t, utc(occurred), s.Facts[len(s.Facts)-1].Meta.OccurredAt)
		return
	}
	_, err := s.Decide(domain.DPS, c)
	require.Equal(t, domain.Refusal{Code: domain.CodeInvalid, Field: field, Message: refused}, err)
}

// What NOMIS says is taken as given, also an hour that does not exist.
func TestNOMIS_timesAreTakenAsGiven(t *testing.T) {
	s := domaintest.NewScenario(t).At(utc("2026-03-30T12:00:00Z").In(domaintest.London))
	id := s.Sync(item("2026-03-29T01:30:00")).Outcomes[0].NonAssociationID
	require.Equal(t, domain.LocalDateTime("2026-03-29T01:30:00"), s.State.Items[0].EffectiveDate)
	s.Refused(domain.CodeInvalid, domain.DPS, domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-03-29T00:59:59"))})
	s.Staff(domain.Close{ID: id, ClosedAt: ptr(domain.LocalDateTime("2026-03-29T02:00:00"))})
}

func TestReadCommand_readsWhatAFactKeeps(t *testing.T) {
	id, comment, when := uuid.New(), "words", domain.LocalDateTime("2026-07-15T12:00:00")
	reason, restriction := domain.Threat, domain.Cell
	roles := map[domain.PrisonerNumber]domain.Role{domaintest.Low: domain.Victim, domaintest.High: domain.Perpetrator}
	for _, c := range []domain.Command{
		domain.Sync{About: domaintest.Low, Items: []domain.Item{item(y2021, named(id), sequence(3)), item(y2022, expiring(y2023)), {ReasonCodes: nil}}},
		domain.Open{Comment: comment, FirstPrisoner: domaintest.Low, Reason: reason, Restriction: restriction, Roles: roles},
		domain.Amend{ID: id, IfMatch: domain.FactsSeen{id, uuid.New()}, Comment: &comment, Reason: &reason, Restriction: &restriction, Roles: roles},
		domain.Amend{ID: id, Comment: ptr("")},
		domain.Close{ID: id, IfMatch: domain.FactsSeen{id}, ClosedAt: &when, ClosedBy: "X", ClosedReason: comment},
		domain.Close{ID: id},
		domain.Reopen{ID: id, IfMatch: domain.FactsSeen{id}, ReopenedAt: &when, ReopenedBy: "X", ReopenReason: comment},
		domain.Reopen{ID: id},
		domain.Delete{ID: id, IfMatch: domain.FactsSeen{id}, DeletionReason: comment, RequestedBy: "X"},
		domain.Delete{ID: id},
		domain.Delete{ID: id, Switched: true},
		domain.Sync{About: domaintest.Low, Items: []domain.Item{item(y2021)}, Switched: true},
		domain.StagePrison{PrisonID: "MDI", Stage: domain.StageDPS, Reason: comment},
		domain.AnnouncePrison{PrisonID: "MDI", From: "2026-12-01", Text: comment, Reason: comment},
		domain.SwitchInbound{On: true, Force: true, Given: []domain.PrisonID{"MDI"}, Reason: comment},
		domain.SwitchOutbound{Reason: comment},
		domain.SwitchLegacy{Minutes: 7, Reason: comment},
	} {
		decision := domain.Decision{Events: []domain.Event{domain.Deleted{NonAssociationID: id}}}
		kept := decision.Facts(domain.State{Pair: pair}, c, domaintest.Noon, domain.Cause{})[0].Meta.Command
		read, err := domain.DecodeCommand(kept)
		require.NoError(t, err)
		require.Equal(t, c, read)
	}
	for _, bad := range []string{`{"type":"forgive","input":{}}`, `{"type":"tell","input":7}`, `7`, ``} {
		_, err := domain.DecodeCommand([]byte(bad))
		require.Error(t, err, bad)
	}
}

// Facts of earlier builds keep their commands under the names of then.
func TestCommand_isReadUnderEveryNameThatWasStored(t *testing.T) {
	for name, want := range map[string]domain.Command{
		"sync": domain.Sync{}, "tell": domain.Sync{},
		"open": domain.Open{}, "amend": domain.Amend{}, "close": domain.Close{}, "reopen": domain.Reopen{}, "delete": domain.Delete{},
		"transfer-in": domain.TransferIn{}, "arrive": domain.TransferIn{},
		"transfer-out": domain.TransferOut{}, "leave": domain.TransferOut{},
		"delete-self-pair": domain.DeleteSelfPair{}, "dissolve": domain.DeleteSelfPair{},
		"restore": domain.Restore{}, "remove-number": domain.RemoveNumber{}, "return-number": domain.ReturnNumber{},
		"stage-prison": domain.StagePrison{}, "announce-prison": domain.AnnouncePrison{}, "switch-inbound": domain.SwitchInbound{},
		"switch-outbound": domain.SwitchOutbound{}, "switch-legacy": domain.SwitchLegacy{},
	} {
		got, err := domain.DecodeCommand([]byte(`{"type":"` + name + `","input":{}}`))
		require.NoError(t, err, name)
		require.IsType(t, want, got, name)
	}
}
