package app_test

import (
	"net/http"
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

// TestSwitchOver_ofARunningServiceBindsNOMIS goes from a prison at NOMIS to the end of
// inbound, and asks the directory of the process where the prisoners are.
func TestSwitchOver_ofARunningServiceBindsNOMIS(t *testing.T) {
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	operator := token.Request{User: "OPERATOR", Scopes: []string{"write"}, Roles: []string{
		"NON_ASSOCIATIONS_ADMIN", "NON_ASSOCIATIONS_SYNC", "READ_NON_ASSOCIATIONS",
	}}
	r := runOf(t, app.Roles{Serve: true, Project: true}, operator, time.Now(), map[string]string{
		"EVENTSTORE_URL": app.Embedded, "DATABASE_URL": migrated(t), "PRISONER_SEARCH_URL": search.URL(), "PRODUCT_ID": "DPS999",
	})
	<-r.ready
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, <-r.ended)
		require.NoError(t, search.Stop())
	})
	c, ctx := client.New(client.Options{BaseURL: r.base, Token: client.StaticToken(r.token), HTTP: r.client}), t.Context()
	one, other := inPrison(t, e)
	tell := func(comment string) client.Result {
		t.Helper()
		told, err := c.Sync(ctx, client.Correlation{}, client.SyncRequest{PrisonerNumber: one.Number, NonAssociations: []client.SyncItem{{
			NonAssociation: client.NonAssociation{
				ReasonCode: domain.CodeVictim, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17", Comments: &comment,
				PrisonerNonAssociation: client.Side{PrisonerNumber: other.Number, ReasonCode: domain.CodePerpetrator},
			},
		}}})
		require.NoError(t, err)
		return told.Body.Results[0]
	}
	for _, prison := range []string{one.PrisonID, other.PrisonID} {
		_, err = c.StagePrison(ctx, prison, client.Correlation{}, client.Staging{Stage: domain.StageDPS, Reason: "Go live"})
		require.NoError(t, err)
	}
	ignored := tell("apart")
	require.Equal(t, domain.Switched, ignored.Reason)
	require.Nil(t, ignored.NonAssociationID)
	require.Equal(t, 1, search.Asked())

	search.Down(true)
	_, err = c.SwitchInbound(ctx, client.Correlation{}, client.InboundSwitching{Switching: client.Switching{Reason: "Over"}})
	require.NoError(t, err, "all known prisons are at DPS")
	require.Equal(t, domain.Switched, tell("otherwise").Reason)
	require.Equal(t, 1, search.Asked(), "inbound is off, wherever they are")

	history, err := c.SwitchOverHistory(ctx, client.Read{})
	require.NoError(t, err)
	require.Equal(t, domain.TypeInboundEnded, history.Body[len(history.Body)-1].Type)
	status, info := r.get(t, "/info")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, info, `"productId":"DPS999","activeAgencies":["***"]`)
	list, err := c.NonAssociations(ctx, string(one.Number), client.Read{AtLeast: history.Position})
	require.NoError(t, err)
	require.Empty(t, list.Body.NonAssociations)
}

// inPrison are two prisoners of the estate who are in prisons.
func inPrison(t *testing.T, e *estate.Estate) (one, other estate.Prisoner) {
	t.Helper()
	var found []estate.Prisoner
	for _, p := range e.Prisoners {
		if domain.PrisonID(p.PrisonID).IsPrison() {
			found = append(found, p)
		}
	}
	require.Greater(t, len(found), 1)
	return found[0], found[1]
}
