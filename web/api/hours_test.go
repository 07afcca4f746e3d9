package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// Staff say when they did something; a time at which no clock in London stood is
// refused before anything else is looked at, in every field that takes a time.
func TestHour_thatDoesNotExistIsNamedByPointer(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	h := newStaffServer(t)
	h.process(h.store, nil, func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, london) }, 5*time.Second)
	for at, status := range map[string]int{
		"2026-03-29T00:59:59": http.StatusNotFound, // such a time is taken, and then there is no such record
		"2026-03-29T01:00:00": http.StatusBadRequest,
		"2026-03-29T01:30:00": http.StatusBadRequest,
		"2026-03-29T01:59:59": http.StatusBadRequest,
		"2025-03-30T01:15:00": http.StatusBadRequest,
		"2026-03-29T02:00:00": http.StatusNotFound,
		"2026-03-30T01:30:00": http.StatusNotFound,
		"2026-10-25T01:30:00": http.StatusNotFound, // twice
	} {
		for field, w := range map[string]*recorder{
			"/closedAt":   h.close(anID, fmt.Sprintf(`{"closedReason":"x","closedAt":%q}`, at)),
			"/reopenedAt": h.reopen(anID, fmt.Sprintf(`{"reopenReason":"x","reopenedAt":%q}`, at)),
		} {
			require.Equal(t, status, w.Code, "%s %s", field, at)
			if status == http.StatusBadRequest {
				require.Equal(t, 102, errorIn(t, w).code())
				require.Equal(t, []string{field}, errorIn(t, w).sources())
			}
		}
	}
	require.Zero(t, h.facts())
}

// An operator of the log deleted a stream: whatever is asked of it is our fault,
// and is neither "not there" nor "new".
func TestStream_thatLostItsBeginningIsAFault(t *testing.T) {
	for name, left := range map[string]int{"nothing is left": 0, "something is left": 1} {
		t.Run(name, func(t *testing.T) {
			h := newStaffServer(t)
			id, _ := h.opened()
			const stream = "nonAssociation-A0135GA_A9109UD"
			recorded, err := h.store.ReadStream(t.Context(), stream, eventstore.Forwards, 0, 1)
			require.NoError(t, err)
			h.store.Delete(stream)
			for range left {
				again := recorded[0].Event
				again.ID[0]++
				_, err := h.store.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{again}})
				require.NoError(t, err)
			}
			for call, w := range map[string]*recorder{
				"sync":    h.sync(record),
				"migrate": h.call(http.MethodPost, "/migrate", migrator, record),
				"open":    h.call(http.MethodPost, "/non-associations", writer, newOne),
				"amend":   h.amend(id, `{"comment":"x"}`),
				"close":   h.close(id, closing),
				"reopen":  h.reopen(id, reopening),
				"delete":  h.remove(id, deletion),
				"DELETE":  h.call(http.MethodDelete, "/sync/"+id, syncer, ""),
			} {
				require.Equal(t, http.StatusInternalServerError, w.Code, "%s: %s", call, w.Body)
				require.NotContains(t, w.Body.String(), "stream")
			}
			require.Equal(t, 1+left, h.facts())
		})
	}
}
