package app_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/token"
	"nonassociations/web/client"
)

// An operator of a serving process sees a pair as it is, and brings it in step.
func TestDossier_isServedAndItsPairBroughtInStep(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	there := startNOMIS(t, dsn, nil)
	claims := token.Request{User: "OPERATOR", Scopes: []string{"write"}, Roles: []string{"NON_ASSOCIATIONS_ADMIN", "READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS"}}
	serving := runOf(t, app.Roles{Serve: true, Project: true}, claims, time.Now(), map[string]string{
		"EVENTSTORE_URL": dsn, "DATABASE_URL": dsn,
		"NOMIS_API_URL": there.URL(), "NOMIS_API_TOKEN_URL": there.TokenURL(), "NOMIS_API_CLIENT_ID": "client", "NOMIS_API_CLIENT_SECRET": "secret",
	})
	<-serving.ready
	c := client.New(client.Options{BaseURL: serving.base, Token: client.StaticToken(serving.token), HTTP: serving.client})
	const low, high = "A0135GA", "A9109UD"
	_, err := there.Fill(t.Context(), slices.Values([]nomisapi.Record{{
		OffenderNo: low, NSOffenderNo: high, TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING", EffectiveDate: "2021-07-05", UpdatedBy: "STAFF",
	}}))
	require.NoError(t, err)

	seen, err := c.Dossier(t.Context(), high, low)
	require.NoError(t, err)
	require.Len(t, seen.Body.Theirs.Forwards, 1)
	require.Equal(t, "take", seen.Body.Plan.Steps[0].Step)
	tried, err := c.Synchronise(t.Context(), high, low, client.SynchroniseParams{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, seen.Body.Plan.Steps, tried.Body.Steps)
	done, err := c.Synchronise(t.Context(), high, low, client.SynchroniseParams{})
	require.NoError(t, err)
	require.Equal(t, seen.Body.Plan.Steps, done.Body.Steps)
	require.Empty(t, done.Body.Dossier.Plan.Steps)
	id := done.Body.Dossier.Ours[0].NonAssociationID

	comment := "Keep apart"
	amended, err := c.Amend(t.Context(), id.String(), client.Write{}, client.Amendment{Comment: &comment})
	require.NoError(t, err)
	for _, steps := range []int{0, 1} { // before and after NOMIS has it
		if steps > 0 {
			done, err = c.Synchronise(t.Context(), low, high, client.SynchroniseParams{})
			require.NoError(t, err)
			require.Len(t, done.Body.Steps, steps)
		}
		seen, err = c.Dossier(t.Context(), low, high)
		require.NoError(t, err)
		require.Len(t, seen.Body.Ours, 1)
		require.Eventually(t, func() bool {
			delivery, err := c.Delivery(t.Context(), id.String(), client.Read{AtLeast: amended.Position})
			require.NoError(t, err)
			mapping, err := c.MappingHistory(t.Context(), id.String(), client.Read{})
			require.NoError(t, err)
			return reflect.DeepEqual(delivery.Body, seen.Body.Ours[0].Delivery) && len(mapping.Body) == 1 && reflect.DeepEqual(mapping.Body[0], seen.Body.Mapping[0].MappingPeriod)
		}, soon, often, "as the read model has it")
	}
	serving.stop()
	require.NoError(t, <-serving.ended)
}
