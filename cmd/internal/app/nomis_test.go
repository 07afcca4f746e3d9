package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/web/client"
)

// A merge from the queue to every read, by a listener of its own process, a late
// word of NOMIS under the removed number, and back by the operator.
func TestMerge_reachesTheListsAndIsTakenBack(t *testing.T) {
	t.Parallel()
	options, queue := listening(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx, options) }() // before the log has an id: it waits
	served := runWith(t, app.Embedded, options.Config.DatabaseURL, "", officer)
	served.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	<-served.ready
	served.syncFirst(t, "X1111XX")
	served.eventuallyReadsAs(t, "R1111RR", "", "X1111XX")

	message := uuid.NewString()
	aws.Send(queue, fmt.Sprintf(`{"MessageId":%q,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",`+
		`\"additionalInformation\":{\"nomsNumber\":\"S1111SS\",\"removedNomsNumber\":\"R1111RR\",\"reason\":\"MERGE\"}}"}`, message))
	served.eventuallyReadsAs(t, "R1111RR", "S1111SS", "R1111RR is now S1111SS")
	served.eventuallyReadsAs(t, "S1111SS", "", "X1111XX")
	served.eventuallyReadsAs(t, "X1111XX", "", "S1111SS")
	served.group(t, http.StatusOK, "X1111XX", "R1111RR", "X1111XX")
	served.group(t, http.StatusBadRequest, "2 different prisoners", "R1111RR", "S1111SS")

	served.syncFirst(t, "Y1111YY") // NOMIS names the removed number later
	served.eventuallyReadsAs(t, "R1111RR", "", "Y1111YY")
	served.eventuallyReadsAs(t, "S1111SS", "", "X1111XX")
	served.deletes(t, "Y1111YY")
	served.eventuallyReadsAs(t, "R1111RR", "S1111SS", "R1111RR is now S1111SS")

	undone, err := app.Unmerge(t.Context(), options, message, "They are two men", false)
	require.NoError(t, err)
	require.Len(t, undone.Changes, 1)
	require.EqualValues(t, "R1111RR", undone.Returned)
	served.eventuallyReadsAs(t, "R1111RR", "", "X1111XX")
	served.eventuallyShows(t, "S1111SS", `"nonAssociations":[]`)
	for _, number := range []string{"R1111RR", "S1111SS"} {
		_, history := served.get(t, "/non-associations/"+number+"/history")
		require.Regexp(t, `(?s)"prisoner.merged.v1".*"prisoner.unmerged.v1"`, history)
	}

	stop()
	require.NoError(t, <-ended)
	served.stop()
	require.NoError(t, <-served.ended)
}

// listening is a process that works on merges alone, with a queue of its own.
func listening(t *testing.T) (o app.Options, queue string) {
	t.Helper()
	dsn := migrated(t)
	queue = unique("prisoner-events")
	roles := app.Roles{Listen: true}
	config, err := app.ReadConfig(map[string]string{
		"EVENTSTORE_URL": "embedded", "DATABASE_URL": dsn, "PRISONER_EVENTS_QUEUE_URL": aws.Queue(queue),
	}, roles)
	require.NoError(t, err)
	return app.Options{Config: config, Roles: roles, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}, queue
}

// eventuallyReadsAs asks all reads by number until each answers with a part of a text: as
// ever, or by leading to the survivor.
func (r *service) eventuallyReadsAs(t *testing.T, number, survivor, part string) {
	t.Helper()
	status := http.StatusOK
	if survivor != "" {
		status = http.StatusMovedPermanently
	}
	for _, read := range []string{
		"/non-associations/%s", "/prisoner/%s/non-associations", "/non-associations/%s/history", "/subject-access-request?prn=%s",
	} {
		require.Eventually(t, func() bool {
			response, err := r.client.Do(r.request(t, http.MethodGet, fmt.Sprintf(read, number), http.NoBody))
			if err != nil {
				return false
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			led := survivor == "" || response.Header.Get("Location") == fmt.Sprintf(read, survivor) && response.Header.Get("Cache-Control") == "no-store"
			return err == nil && response.StatusCode == status && led && strings.Contains(string(text), part)
		}, time.Minute, 10*time.Millisecond, "%s of %s", read, number)
	}
}

func (r *service) group(t *testing.T, status int, part string, numbers ...string) {
	t.Helper()
	body := `["` + strings.Join(numbers, `","`) + `"]`
	got, text := r.answer(r.request(t, http.MethodPost, "/non-associations/between", strings.NewReader(body)))
	require.Equal(t, status, got, text)
	require.Contains(t, text, part)
}

// deletes takes back what was told of the removed number with another, as NOMIS.
func (r *service) deletes(t *testing.T, other string) {
	t.Helper()
	_, text := r.get(t, "/prisoner/"+other+"/non-associations?includeOtherPrisons=true")
	var list client.PrisonerNonAssociations
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list.NonAssociations, 1)
	status, answer := r.answer(r.request(t, http.MethodDelete, "/sync/"+list.NonAssociations[0].ID.String(), http.NoBody))
	require.Equal(t, http.StatusNoContent, status, answer)
}

func TestConfig_aListenerNeedsItsQueue(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgres://x/y"}
	_, err := app.ReadConfig(environment, app.Roles{Listen: true})
	require.ErrorContains(t, err, "PRISONER_EVENTS_QUEUE_URL")
	environment["PRISONER_EVENTS_QUEUE_URL"] = "orders"
	_, err = app.ReadConfig(environment, app.Roles{Listen: true})
	require.ErrorContains(t, err, "PRISONER_EVENTS_QUEUE_URL must begin with http")
}

// syncFirst is NOMIS telling of R1111RR and another.
func (r *service) syncFirst(t *testing.T, other string) {
	t.Helper()
	body := `{"prisonerNumber":"R1111RR","nonAssociations":[{"reasonCode":"VIC","typeCode":"WING",
		"effectiveDate":"2021-07-05T10:35:17","authorisedBy":"Staff","comments":"apart",
		"prisonerNonAssociation":{"prisonerNumber":"` + other + `","reasonCode":"PER"}}]}`
	r.post(t, body)
}

func (r *service) eventuallyShows(t *testing.T, number, part string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, list := r.get(t, "/non-associations/"+number)
		return strings.Contains(list, part)
	}, time.Minute, 10*time.Millisecond)
}
