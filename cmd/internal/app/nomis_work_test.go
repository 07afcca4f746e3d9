package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/freeport"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/token"
	"nonassociations/web/client"
)

// startNOMIS starts a NOMIS that knows everybody, with its tables in dsn. Its messages go
// to events, unless that is nil.
func startNOMIS(t *testing.T, dsn string, events func(message string)) *nomisapi.Server {
	t.Helper()
	there, err := nomisapi.Start(t.Context(), nomisapi.Options{
		Events:      events,
		DatabaseURL: dsn, Now: london, Knows: func(context.Context, string) (bool, error) { return true, nil },
		Verify: func(token string) ([]string, error) {
			if token != "good" {
				return nil, errors.New("no token")
			}
			return []string{nomisapi.Role}, nil
		},
		Sign:     func(string) (string, time.Duration, error) { return "good", time.Hour, nil },
		ClientID: "client", ClientSecret: "secret",
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, there.Stop(context.Background())) })
	return there
}

// What an operator asks a serving process for is carried out by one that works: here they
// are two processes.
func TestWork_carriesOutWhatIsRequested(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	there := startNOMIS(t, dsn, nil)
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	defer func() { require.NoError(t, search.Stop()) }()
	one, other := inPrison(t, e)
	served := freeport.Address(t)
	environment := map[string]string{
		"EVENTSTORE_URL": dsn, "DATABASE_URL": dsn, "PRISONER_SEARCH_URL": search.URL(), "METRICS_ADDR": served,
		"NOMIS_API_URL": there.URL(), "NOMIS_API_TOKEN_URL": there.TokenURL(), "NOMIS_API_CLIENT_ID": "client", "NOMIS_API_CLIENT_SECRET": "secret",
	}
	claims := token.Request{User: "OPERATOR", Scopes: []string{"write"}, Roles: []string{"NON_ASSOCIATIONS_ADMIN", "NON_ASSOCIATIONS_SYNC"}}
	serving := runOf(t, app.Roles{Serve: true, Project: true}, claims, time.Now(), environment)
	<-serving.ready
	environment["METRICS_ADDR"] = freeport.Address(t)
	working := runOf(t, app.Roles{Work: true}, claims, time.Now(), environment)
	c := client.New(client.Options{BaseURL: serving.base, Token: client.StaticToken(serving.token), HTTP: serving.client})

	low, high := min(one.Number, other.Number), max(one.Number, other.Number)
	_, err = there.Fill(t.Context(), slices.Values([]nomisapi.Record{{
		OffenderNo: string(low), NSOffenderNo: string(high), TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING",
		EffectiveDate: "2021-07-05", UpdatedBy: "STAFF",
	}}))
	require.NoError(t, err)
	started, err := c.StartMigration(t.Context(), client.MigrationRequest{})
	require.NoError(t, err)
	var migration client.Migration
	require.Eventually(t, func() bool {
		answer, err := c.Migration(t.Context(), started.Body.MigrationID.String())
		require.NoError(t, err)
		migration = answer.Body
		return migration.Status == "COMPLETED"
	}, soon, often)
	require.Equal(t, 1, migration.Pairs.Created)

	requested, err := c.RequestReconciliation(t.Context(), client.ReconciliationRequest{Scope: "ALL"})
	require.NoError(t, err)
	var run client.Reconciliation
	require.Eventually(t, func() bool {
		answer, err := c.Reconciliation(t.Context(), requested.Body.ID.String())
		require.NoError(t, err)
		run = answer.Body
		return run.Status != "RUNNING"
	}, soon, often)
	require.Equal(t, "COMPLETED", run.Status, run.Failure)
	require.Equal(t, 1, run.Buckets.Same.Union)

	_, err = c.StagePrison(t.Context(), one.PrisonID, client.Correlation{}, client.Staging{Stage: domain.StageDPS, Reason: "Their day has come."})
	require.NoError(t, err)
	metrics := observedService{serving, "http://" + served}
	require.Eventually(t, func() bool {
		return strings.Contains(metrics.scrape(t), `nonassociations_switch_over_screen_open{prison="`+one.PrisonID+`"} 1`)
	}, soon, often)
	for _, run := range []string{"migration", "reconciliation"} {
		require.Contains(t, metrics.scrape(t), `nonassociations_nomis_run_pairs{run="`+run+`",state="done"} 1`)
	}

	atWork := observedService{working, "http://" + environment["METRICS_ADDR"]}
	require.Eventually(t, func() bool {
		return strings.Contains(atWork.scrape(t), "\nnonassociations_nomis_pending_oldest_age_seconds 0\n")
	}, soon, often)
	require.Contains(t, atWork.scrape(t), `nonassociations_nomis_requests_total{cause="reconciliation"}`)
	working.stop()
	require.NoError(t, <-working.ended)
	working = runOf(t, app.Roles{Work: true}, claims, time.Now(), environment)
	require.Eventually(t, func() bool { // by the walk at the start
		answer, err := c.SwitchOver(t.Context(), client.Read{})
		require.NoError(t, err)
		i := slices.IndexFunc(answer.Body.Prisons, func(p client.Prison) bool { return string(p.PrisonID) == other.PrisonID })
		return i >= 0 && answer.Body.Prisons[i].OpenNonAssociations != nil && *answer.Body.Prisons[i].OpenNonAssociations == 1
	}, soon, often)
	requireSwitchedDifference(t, c, string(one.Number))
	requireOneEdit(t, c, one.PrisonID, other.PrisonID)
	for _, s := range []*service{working, serving} {
		s.stop()
		require.NoError(t, <-s.ended)
	}
}

// requireSwitchedDifference has NOMIS tell a change of the record of a prisoner while its
// changes are not allowed: a process that works makes that a difference.
func requireSwitchedDifference(t *testing.T, c *client.Client, number string) {
	t.Helper()
	_, err := c.SwitchInbound(t.Context(), client.Correlation{}, client.InboundSwitching{
		Switching: client.Switching{Reason: "The switch is over."}, Force: true,
	})
	require.NoError(t, err)
	held, err := c.NonAssociations(t.Context(), number, client.Read{})
	require.NoError(t, err)
	require.Len(t, held.Body.NonAssociations, 1)
	item, words := held.Body.NonAssociations[0], "Told later"
	item.Comments = &words
	_, err = c.Sync(t.Context(), client.Correlation{}, client.SyncRequest{
		PrisonerNumber: domain.PrisonerNumber(number), NonAssociations: []client.SyncItem{{NonAssociation: item}},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		page, err := c.Differences(t.Context(), client.DifferenceParams{Cause: "EDIT_AFTER_SWITCH"})
		require.NoError(t, err)
		return len(page.Body.Content) == 1 && page.Body.Content[0].Problem != nil && *page.Body.Content[0].Problem == "CHANGED_AFTER_SWITCH"
	}, soon, often)
}

// requireOneEdit waits until a change of NOMIS's staff counts in prisons. What was migrated
// does not.
func requireOneEdit(t *testing.T, c *client.Client, prisons ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer, err := c.SwitchOver(t.Context(), client.Read{})
		require.NoError(t, err)
		counted := 0
		for _, p := range answer.Body.Prisons {
			if slices.Contains(prisons, string(p.PrisonID)) && p.LastNOMISChange != nil && p.NOMISEdits7Days != nil && *p.NOMISEdits7Days == 1 {
				counted++
			}
		}
		return counted == len(slices.Compact(slices.Clone(prisons)))
	}, soon, often)
}

func TestConfig_workNeedsNOMISAndATimetable(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgres://localhost/y"}
	_, err := app.ReadConfig(environment, app.Roles{Work: true})
	require.ErrorContains(t, err, `"NOMIS_API_URL" is not set`)
	environment["NOMIS_API_URL"] = "https://nomis.test"
	_, err = app.ReadConfig(environment, app.Roles{Work: true})
	require.NoError(t, err)
	for _, schedule := range []string{"every Tuesday", "30 2 * *", "61 2 * * 2"} {
		environment["RECONCILE_SCHEDULE"] = schedule
		_, err = app.ReadConfig(environment, app.Roles{Work: true})
		require.ErrorContains(t, err, "RECONCILE_SCHEDULE must be five fields of cron")
	}
}
