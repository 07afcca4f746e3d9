package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// merge makes a number another, and gives the id of the message that said so.
func (h *testServer) merge(previous, number domain.PrisonerNumber) uuid.UUID {
	h.t.Helper()
	by := mergeCause()
	_, err := h.merges.Apply(context.Background(), by, merge.Message{Renumbering: mergeOf(previous, number)}, h.reads)
	require.NoError(h.t, err)
	return by.CommandID
}

func (h *testServer) unmerge(message uuid.UUID) {
	h.t.Helper()
	by := mergeCause()
	by.CommandID = message
	_, err := h.merges.Undo(context.Background(), by, "They are two men", false)
	require.NoError(h.t, err)
}

// beginMerge is a merge that was killed behind its first fact.
func (h *testServer) beginMerge(previous, number domain.PrisonerNumber) {
	h.t.Helper()
	removal := domain.Removal{Number: previous}
	facts := removal.Remove(domain.RemoveNumber{Renumbering: mergeOf(previous, number)}, noon, mergeCause())
	h.puts(previous.Stream(), facts[0].Event)
}

// puts begins a stream with an event.
func (h *testServer) puts(stream string, event domain.Event) {
	h.t.Helper()
	fact := domain.Fact{ID: uuid.New(), Event: event, Meta: domain.Meta{Cause: mergeCause(), Count: 1, DecidedAt: noon, OccurredAt: noon}}
	_, err := h.store.Append(context.Background(), eventstore.Append{
		Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{eventstore.Encode(fact)},
	})
	require.NoError(h.t, err)
}

func mergeOf(previous, number domain.PrisonerNumber) domain.Renumbering {
	return domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}
}

func mergeCause() domain.Cause {
	return domain.Cause{CommandID: uuid.New(), Actor: "MERGER", Source: domain.Merge}
}

// told is one of a pair that NOMIS tells of.
func (h *testServer) told(about, other, fields string) string {
	h.t.Helper()
	w := h.sync(strings.Replace(request(item(other, "2021-07-05T10:35:17", fields)), "A9109UD", about, 1))
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	return toldIn(h.t, w).Results[0].NonAssociationID
}

// readByNumber is a read that asks about one prisoner.
type readByNumber struct{ route, before, after, token string }

func (r readByNumber) path(number, query string) string {
	path := r.before + number + r.after
	if query == "" {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&" + query
	}
	return path + "?" + query
}

var readsByNumber = []readByNumber{
	{"GET /non-associations/{reference}", "/non-associations/", "", reader},
	{"GET /non-associations/{reference}", "/non-associations/", "", syncer},
	{"GET /non-associations/{reference}/history", "/non-associations/", "/history", reader},
	{"GET /prisoner/{prisonerNumber}/non-associations", "/prisoner/", "/non-associations", reader},
	{"GET /subject-access-request", "/subject-access-request?prn=", "", subjectReader},
	{"GET /legacy/api/offenders/{prisonerNumber}/non-association-details", "/legacy/api/offenders/", "/non-association-details", reader},
	{"GET /legacy/api/offenders/{prisonerNumber}/non-association-details", "/legacy/api/offenders/", "/non-association-details", syncer},
}

// TestReads_byNumberAreAllWalked fails when a read by number is added that the
// tests of removed numbers do not ask. Auditors ask about a number as it was asked: see
// TestAsOf_takesARemovedNumberAsItWasAsked.
func TestReads_byNumberAreAllWalked(t *testing.T) {
	var walked, served []string
	for _, r := range readsByNumber {
		walked = append(walked, r.route)
	}
	for _, route := range newTestServer(t).Routes() {
		about := strings.Contains(route, "{reference}") || strings.Contains(route, "{prisonerNumber}") || strings.HasSuffix(route, "/subject-access-request")
		if about && !strings.Contains(route, " /audit/") && strings.HasPrefix(route, http.MethodGet) {
			served = append(served, route)
		}
	}
	require.Subset(t, walked, served)
}

// asksAll asks every read by number and holds it to one status; where that is
// 301, it must lead to the survivor.
func (h *testServer) asksAll(number string, status int, survivor string) {
	h.t.Helper()
	for _, r := range readsByNumber {
		w := h.call(http.MethodGet, r.path(number, ""), r.token, "")
		require.Equal(h.t, status, w.Code, "%s of %s: %s", r.route, number, w.Body)
		require.Equal(h.t, survivor != "", w.Header().Get("Location") != "")
		if survivor != "" {
			require.Equal(h.t, r.path(survivor, ""), w.Header().Get("Location"))
		}
	}
}
