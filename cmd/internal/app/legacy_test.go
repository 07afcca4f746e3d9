package app_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/token"
	"nonassociations/web/client"
)

const (
	soon  = 20 * time.Second
	often = 10 * time.Millisecond
)

// legacyService is a running service with a prisoner directory, whose client has every
// role that a test needs.
type legacyService struct {
	*service
	*client.Client

	dsn        string
	one, other estate.Prisoner
	search     *prisonersearch.Server
}

func newLegacyService(t *testing.T, variables ...string) *legacyService {
	t.Helper()
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	claims := token.Request{User: "VISITS", Scopes: []string{"write"}, Roles: []string{
		"NON_ASSOCIATIONS_ADMIN", "NON_ASSOCIATIONS_SYNC", "READ_NON_ASSOCIATIONS",
	}}
	s := &legacyService{dsn: migrated(t), search: search}
	s.one, s.other = inPrison(t, e)
	environment := map[string]string{
		"EVENTSTORE_URL": app.Embedded, "DATABASE_URL": s.dsn, "PRISONER_SEARCH_URL": search.URL(), "LEGACY_SUNSET": "2027-07-01",
	}
	for i := 0; i < len(variables); i += 2 {
		environment[variables[i]] = variables[i+1]
	}
	s.service = runOf(t, app.Roles{Serve: true, Project: true}, claims, time.Now(), environment)
	<-s.ready
	s.Client = client.New(client.Options{BaseURL: s.base, Token: client.StaticToken(s.token), HTTP: s.client})
	t.Cleanup(func() { require.NoError(t, search.Stop()) })
	return s
}

// ends stops the service in order.
func (s *legacyService) ends(t *testing.T) {
	t.Helper()
	s.stop()
	require.NoError(t, <-s.ended)
}

// record tells of one non-association of the two prisoners.
func (s *legacyService) record(t *testing.T) uint64 {
	t.Helper()
	told, err := s.Sync(t.Context(), client.Correlation{}, client.SyncRequest{PrisonerNumber: s.one.Number, NonAssociations: []client.SyncItem{{
		NonAssociation: client.NonAssociation{
			ReasonCode: domain.CodeVictim, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17",
			PrisonerNonAssociation: client.Side{PrisonerNumber: s.other.Number, ReasonCode: domain.CodePerpetrator},
		},
	}}})
	require.NoError(t, err)
	return told.Position
}

// counted waits until so many calls of the one client are counted.
func (s *legacyService) counted(t *testing.T, calls int64) client.LegacyCaller {
	t.Helper()
	var one client.LegacyCaller
	require.Eventually(t, func() bool {
		all, err := s.LegacyCallers(t.Context())
		require.NoError(t, err)
		if len(all.Body) == 1 {
			one = all.Body[0]
		}
		return one.CallsLast7Days == calls
	}, soon, often)
	return one
}

func TestLegacyList_ofARunningService(t *testing.T) {
	t.Parallel()
	s := newLegacyService(t)
	position := s.record(t)
	list, err := s.LegacyList(t.Context(), string(s.one.Number), client.LegacyParams{Read: client.Read{AtLeast: position}})
	require.NoError(t, err)
	require.Equal(t, s.one.PrisonID, *list.Body.AgencyID)
	require.Equal(t, s.other.Number, list.Body.NonAssociations[0].OffenderNonAssociation.OffenderNo)
	var refused *client.Error
	_, err = s.LegacyList(t.Context(), "Z9999ZZ", client.LegacyParams{})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusNotFound, refused.Status)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/legacy/api/offenders/A1234BC/non-association-details", nil)
	require.NoError(t, err)
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Equal(t, "Wed, 30 Jun 2027 23:00:00 GMT", answer.Header.Get("Sunset"))

	_, err = s.SwitchLegacy(t.Context(), client.Correlation{}, client.LegacySwitching{Switching: client.Switching{Reason: "Who?"}, Minutes: 10})
	require.NoError(t, err)
	_, err = s.LegacyList(t.Context(), string(s.one.Number), client.LegacyParams{})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusGone, refused.Status, "a change binds the process that recorded it at once")
	require.Equal(t, int64(1), s.counted(t, 3).NotFound)
	s.ends(t)
}

// TestLegacyCallers_costNoCallWhateverPostgresDoes makes writes of counts hang and then
// fail. A process that stops writes what it has.
func TestLegacyCallers_costNoCallWhateverPostgresDoes(t *testing.T) {
	t.Parallel()
	s := newLegacyService(t)
	db := connectTo(t, s.dsn)
	call := func(times int) {
		t.Helper()
		var calling sync.WaitGroup
		for range 8 {
			calling.Go(func() {
				for range times / 8 {
					_, err := s.LegacyList(t.Context(), string(s.one.Number), client.LegacyParams{})
					if !t.Failed() && err != nil {
						t.Errorf("a call failed: %v", err)
					}
				}
			})
		}
		calling.Wait()
	}
	call(80)
	s.counted(t, 80)
	execSQL(t, db, "BEGIN")
	execSQL(t, db, "LOCK TABLE nomis.legacy_caller IN SHARE MODE")
	call(160) // all are answered while nothing can be written
	execSQL(t, db, "COMMIT")
	s.counted(t, 240)
	execSQL(t, db, "ALTER TABLE nomis.legacy_caller RENAME TO elsewhere")
	call(80)
	execSQL(t, db, "ALTER TABLE nomis.elsewhere RENAME TO legacy_caller")
	call(80)
	s.ends(t)
	var calls int64
	require.NoError(t, db.QueryRow(t.Context(), "SELECT sum(calls) FROM nomis.legacy_caller").Scan(&calls))
	require.Equal(t, int64(400), calls)
}
