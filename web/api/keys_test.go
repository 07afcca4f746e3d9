package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

const idempotencyKey = "Idempotency-Key"

func TestRepeat_answersAsTheFirstDid(t *testing.T) {
	h, _ := newKeyedServer(t)
	first := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "open")
	id := staffIn(t, first, http.StatusCreated).ID
	amended := h.amend(id, `{"comment":"x"}`, idempotencyKey, "amend", "If-Match", first.Header().Get("ETag"))
	closed := h.close(id, closing, idempotencyKey, "close")
	reopened := h.reopen(id, reopening, idempotencyKey, "reopen")
	removed := h.remove(id, deletion, idempotencyKey, "delete")
	require.Equal(t, http.StatusNoContent, removed.Code)
	h.people.err = errors.New("down")

	for range 2 {
		for _, pair := range [][2]*recorder{
			{first, h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "open")},
			{amended, h.amend(id, `{"comment":"x"}`, idempotencyKey, "amend", "If-Match", first.Header().Get("ETag"))},
			{closed, h.close(id, closing, idempotencyKey, "close")},
			{reopened, h.reopen(id, reopening, idempotencyKey, "reopen")},
			{removed, h.remove(id, deletion, idempotencyKey, "delete")},
		} {
			require.Equal(t, pair[0].Code, pair[1].Code)
			require.Equal(t, pair[0].Body.String(), pair[1].Body.String())
			require.Equal(t, ofAnyRequest(pair[0].Header()), ofAnyRequest(pair[1].Header()))
		}
	}
	require.Equal(t, 5, h.facts())
	require.EqualValues(t, 1, h.people.asked.Load())
}

func TestAnotherRequest_withTheKeyIsRefused(t *testing.T) {
	h, _ := newKeyedServer(t)
	id, etag := h.opened(idempotencyKey, "k")
	for name, w := range map[string]*recorder{
		"body":     h.call(http.MethodPost, "/non-associations", writer, newOne+" ", idempotencyKey, "k"),
		"path":     h.amend(id, newOne, idempotencyKey, "k"),
		"If-Match": h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k", "If-Match", etag),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, name)
		require.Zero(t, errorIn(t, w).code())
	}
	require.Equal(t, 1, h.facts())
	require.Equal(t, http.StatusBadRequest, h.call(http.MethodPost, "/non-associations", writer, "{}", idempotencyKey, "k").Code,
		"what is malformed is judged before the key")
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, "/non-associations", reader, newOne, idempotencyKey, "k").Code)
}

func TestKey_isFreedByTheseAnswers(t *testing.T) {
	h, _ := newKeyedServer(t)
	h.people.missing = []domain.PrisonerNumber{"A0135GA"}
	send := func(body string, headers ...string) int {
		return h.call(http.MethodPost, "/non-associations", writer, body, append(headers, idempotencyKey, "k")...).Code
	}
	require.Equal(t, http.StatusNotFound, send(newOne))
	h.people.missing, h.people.err = nil, errors.New("down")
	other := strings.ReplaceAll(newOne, "A0135GA", "B1111BB")
	require.Equal(t, http.StatusServiceUnavailable, send(other), "404 freed it")
	require.Equal(t, http.StatusUnprocessableEntity, send(newOne), "503 keeps it")
	h.people.err = nil
	require.Equal(t, http.StatusCreated, send(other))

	id, _ := h.opened()
	w := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k2")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, http.StatusPreconditionFailed, h.amend(id, `{"comment":"x"}`, idempotencyKey, "k2", "If-Match", `"x"`).Code)
	tomorrow := `{"closedReason":"x","closedAt":"2026-07-16T12:00:00"}`
	require.Equal(t, http.StatusBadRequest, h.close(id, tomorrow, idempotencyKey, "k2").Code, "as if it had never been sent")
	require.Equal(t, http.StatusOK, h.close(id, closing, idempotencyKey, "k2").Code)
}

func TestKeys_thatAreInvalidAreRefused(t *testing.T) {
	h, _ := newKeyedServer(t)
	for _, bad := range []string{strings.Repeat("k", 256), "é", "a\tb", "a\x7f"} {
		w := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
		require.Equal(t, []string{idempotencyKey}, errorIn(t, w).sources())
	}
	require.Zero(t, h.facts())
	require.Equal(t, http.StatusCreated, h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, strings.Repeat("~ ", 127)+"!").Code)
}

// lossy is a log whose answers to appends get lost.
type lossy struct {
	*memory.Store
	before, after bool // lost on the way there, or back
}

func (l *lossy) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	if !l.before {
		outcomes = l.Store.AppendMany(ctx, appends)
	}
	for i := range outcomes {
		if l.before || l.after {
			outcomes[i].Err = eventstore.ErrUnavailable
		}
	}
	return outcomes
}

func TestCrash_inTheMiddleOfAWriteIsCompletedByTheRepeat(t *testing.T) {
	for name, log := range map[string]*lossy{"nothing was written": {before: true}, "the answer was lost": {after: true}} {
		h, kept := newKeyedServer(t)
		log.Store = h.store
		h.process(log, kept, clock, time.Second)
		w := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		written := h.facts() == 1
		require.Equal(t, log.after, written)

		h.process(h.store, kept, clock, 5*time.Second)
		if written {
			h.people.err = errors.New("down") // and is not asked
		}
		first := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k")
		id := staffIn(t, first, http.StatusCreated).ID
		h.people.err = nil
		require.Equal(t, http.StatusOK, h.amend(id, `{"comment":"later"}`).Code)
		again := h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k")
		require.Equal(t, first.Body.String(), again.Body.String(), name)
		require.Equal(t, ofAnyRequest(first.Header()), ofAnyRequest(again.Header()), name)
		require.Equal(t, 2, h.facts())
	}
}

func TestConcurrentRepeat_doesNotWaitAndAnswersTheSame(t *testing.T) {
	h, _ := newKeyedServer(t)
	var all sync.WaitGroup
	answers := make([]*recorder, 6)
	for i := range answers {
		all.Go(func() {
			answers[i] = h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k")
		})
	}
	all.Wait()
	for _, w := range answers {
		require.Equal(t, http.StatusCreated, w.Code)
		require.Equal(t, answers[0].Body.String(), w.Body.String())
		require.Equal(t, answers[0].Header().Get("ETag"), w.Header().Get("ETag"))
	}
	require.Equal(t, 1, h.facts())
}
