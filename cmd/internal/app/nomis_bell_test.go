package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/token"
)

// Messages alone bring a pair in step, in both directions: the sweep would come much later.
func TestBell_isRungByTheMessagesOfBothSides(t *testing.T) {
	t.Parallel()
	dsn, topic, ours, theirs, merges := migrated(t), aws.Topic(unique("world")), unique("domain-events"), unique("nomis-events"), unique("merges")
	require.NoError(t, aws.Subscribe(topic, ours, false, ""))
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	defer func() { require.NoError(t, search.Stop()) }()
	one, other := inPrison(t, e)
	there := startNOMIS(t, dsn, func(message string) { aws.Send(theirs, message) })
	s := runOf(t, app.Roles{Serve: true, Project: true, Listen: true, Publish: true}, token.Request{
		User: "OFFICER", Scopes: []string{"write"}, Roles: []string{"READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS"},
	}, time.Now(), map[string]string{
		"EVENTSTORE_URL": dsn, "DATABASE_URL": dsn, "PRISONER_SEARCH_URL": search.URL(), "PUBLIC_URL": "http://x.test", "NOMIS_SWEEP": "1h",
		"SNS_TOPIC_ARN": topic, "HISTORY_TOPIC_ARN": aws.Topic(unique("history")), "PRISONER_EVENTS_QUEUE_URL": aws.Queue(merges),
		"DOMAIN_EVENTS_QUEUE_URL": aws.Queue(ours), "NOMIS_EVENTS_QUEUE_URL": aws.Queue(theirs),
		"NOMIS_API_URL": there.URL(), "NOMIS_API_TOKEN_URL": there.TokenURL(), "NOMIS_API_CLIENT_ID": "client", "NOMIS_API_CLIENT_SECRET": "secret",
	})
	<-s.ready
	status, text := s.answer(s.request(t, http.MethodPost, "/non-associations", strings.NewReader(fmt.Sprintf(`{"firstPrisonerNumber":%q,
		"firstPrisonerRole":"VICTIM","secondPrisonerNumber":%q,"secondPrisonerRole":"PERPETRATOR","reason":"BULLYING",
		"restrictionType":"WING","comment":"Written here"}`, one.Number, other.Number))))
	require.Equal(t, http.StatusCreated, status, text)
	pair := fmt.Sprintf("/%s/%s", one.Number, other.Number)
	nomis := func(method, path, body string) string {
		request, err := http.NewRequestWithContext(t.Context(), method, there.URL()+path, strings.NewReader(body))
		require.NoError(t, err)
		_, text := s.answer(request)
		return text
	}
	require.Eventually(t, func() bool {
		return strings.Contains(nomis(http.MethodGet, "/staff/rows"+pair, ""), `"Written here"`)
	}, soon, often)

	require.NotContains(t, nomis(http.MethodPatch, "/staff/non-associations"+pair+"/1", `{"comment":"Written there"}`), "status")
	require.Eventually(t, func() bool {
		_, list := s.get(t, "/non-associations/"+string(one.Number))
		return strings.Contains(list, `"Written there"`)
	}, soon, often)
	s.stop()
	require.NoError(t, <-s.ended)
}
