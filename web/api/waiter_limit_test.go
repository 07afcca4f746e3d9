package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// soon bounds what must come: a test fails then, it does not hang.
const soon = 15 * time.Second

// clients is a verifier for which a token CLIENT/USER:ROLES says the client too.
type clients struct{ tokens }

func (c clients) Verify(ctx context.Context, token string) (auth.Claims, error) {
	client, rest, _ := strings.Cut(token, "/")
	claims, err := c.tokens.Verify(ctx, rest)
	claims.ClientID = client
	return claims, err
}

// anyRole is a token of a client that may do everything.
func anyRole(client string) string {
	return client + "/USER:" + strings.Join(allRoles, ",") + ":write"
}

// waits are reads that are at a place and wait there until they are let go.
type waits struct {
	*twin

	at       uint64
	joined   chan uint64
	released chan struct{}
}

// next is what the next one waits for.
func (w *waits) next(t *testing.T) uint64 {
	t.Helper()
	select {
	case position := <-w.joined:
		return position
	case <-time.After(soon):
		require.Fail(t, "nobody waits")
		return 0
	}
}

func (w *waits) Position() uint64 { return w.at }

func (w *waits) WaitFor(ctx context.Context, position uint64) error {
	if position <= w.at {
		return nil
	}
	w.joined <- position
	select {
	case <-w.released:
		return queries.ErrBehind
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newWaitingHouse has a log of some facts and reads that lie behind it.
func newWaitingHouse(t *testing.T, change ...func(*api.Options)) (*testServer, *waits) {
	t.Helper()
	reads := &waits{joined: make(chan uint64, 100), released: make(chan struct{})}
	h := newTestServer(t, append([]func(*api.Options){func(o *api.Options) {
		reads.twin = o.Reads.(*twin)
		o.Reads, o.Verifier = reads, clients{}
	}}, change...)...)
	return h, reads
}

// reading walks everything that takes atLeast, as the document lists it.
func reading(t *testing.T, each func(t *testing.T, method, path, body string)) {
	t.Helper()
	c := openContract(t)
	wanted := map[string]bool{}
	for path, item := range c.root["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if takesAtLeast(t, path, method) {
				wanted[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	require.NotEmpty(t, wanted)
	for _, g := range guarded {
		path, _, query := strings.Cut(g.path, "?")
		template := c.pathOf(path)
		if !takesAtLeast(t, template, strings.ToLower(g.method)) {
			continue
		}
		delete(wanted, g.method+" "+template)
		sign := map[bool]string{true: "&", false: "?"}[query]
		t.Run(g.method+" "+g.path, func(t *testing.T) { each(t, g.method, g.path+sign+"atLeast=", g.body) })
	}
	require.Empty(t, wanted, "not walked")
}

func takesAtLeast(t *testing.T, path, method string) bool {
	operation, _ := openContract(t).at(t, "paths", path, method)
	listed, _ := operation["parameters"].([]any)
	for _, p := range listed {
		if p.(map[string]any)["$ref"] == "#/components/parameters/atLeast" {
			return true
		}
	}
	return false
}

// full holds an answer to be the refusal of what there is no room for.
func full(t *testing.T, header http.Header, status int, body errorBody) {
	t.Helper()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Nil(t, body.ErrorCode)
	require.NotEmpty(t, header.Get("Retry-After"))
}

func TestReads_waitForNothingBeyondTheEnd(t *testing.T) {
	reading(t, func(t *testing.T, method, path, body string) {
		h, reads := newWaitingHouse(t)
		h.call(http.MethodPost, "/sync", anyRole("c"), record)
		for _, far := range []string{"2", "1000", "9223372036854775807"} {
			w := h.call(method, path+far, anyRole("c"), body)
			full(t, w.Header(), w.Code, errorIn(t, w))
			require.Contains(t, errorIn(t, w).DeveloperMessage, "behind the end of the log")
		}
		require.Empty(t, reads.joined, "it takes no seat")
		close(reads.released)
		w := h.call(method, path+"1", anyRole("c"), body)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, uint64(1), reads.next(t), "what is in the log is waited for")
	})
}

func TestReach_isAskedOnlyWhenItMustBe(t *testing.T) {
	asked, away := new(atomic.Int64), errors.New("away")
	answers := func(reached bool, err error) func(*api.Options) {
		return func(o *api.Options) {
			o.Reaches = func(context.Context, uint64) (bool, error) { asked.Add(1); return reached, err }
		}
	}
	ask := func(h *testServer, least uint64) {
		h.call(http.MethodGet, "/constants?atLeast="+strconv.FormatUint(least, 10), anyRole("c"), "")
	}
	h, reads := newWaitingHouse(t, answers(false, nil))
	close(reads.released)
	reads.at = 7
	ask(h, 7)
	require.Zero(t, asked.Load(), "the read model is there")
	reads.at = 0
	h.call(http.MethodPost, "/sync", anyRole("c"), record)
	ask(h, 1)
	require.Zero(t, asked.Load(), "this process has written it")
	require.Equal(t, uint64(1), reads.next(t))
	ask(h, 2)
	require.Equal(t, int64(1), asked.Load())
	require.Empty(t, reads.joined)

	h, reads = newWaitingHouse(t, answers(false, away))
	close(reads.released)
	ask(h, 2)
	require.Equal(t, uint64(2), reads.next(t), "while the log is away it is waited for as ever")
	h, reads = newWaitingHouse(t, func(o *api.Options) {
		o.Reaches = func(ctx context.Context, _ uint64) (bool, error) { <-ctx.Done(); return false, ctx.Err() }
	})
	close(reads.released)
	ask(h, 2)
	require.Equal(t, uint64(2), reads.next(t), "a log that hangs is away")
}

func TestOneClient_neverTakesAllWaiters(t *testing.T) {
	reading(t, func(t *testing.T, method, path, body string) {
		h, reads := newWaitingHouse(t, func(o *api.Options) { o.WaiterLimit = api.NewWaiterLimit(2) })
		h.call(http.MethodPost, "/sync", anyRole("c"), record)
		done := make(chan int, 3)
		ask := func(client string) {
			go func() { w, _ := h.answer(method, path+"1", anyRole(client), body); done <- w.Code }()
			select {
			case <-reads.joined:
			case <-time.After(soon):
				t.Error(client + " does not wait")
			}
		}
		ask("greedy")
		ask("greedy")
		w := h.call(method, path+"1", anyRole("greedy"), body)
		full(t, w.Header(), w.Code, errorIn(t, w))
		require.Empty(t, reads.joined)
		reads.at = 1
		w = h.call(http.MethodGet, "/constants?atLeast=1", anyRole("greedy"), "")
		require.Equal(t, http.StatusOK, w.Code, "what is there already needs no seat")
		reads.at = 0
		ask("other")
		close(reads.released)
		for range 3 {
			require.Equal(t, http.StatusServiceUnavailable, <-done)
		}
		h.call(method, path+"1", anyRole("greedy"), body)
		require.Len(t, reads.joined, 1, "places are given back")
	})
}

func TestMissingRecord_countsAsAWaiterOfItsClient(t *testing.T) {
	for _, path := range []string{"/non-associations/" + anID, "/non-associations/" + anID + "/history", "/subject-access-request?prn=A9109UD"} {
		h, reads := newWaitingHouse(t, func(o *api.Options) { o.WaiterLimit = api.NewWaiterLimit(1) })
		h.call(http.MethodPost, "/sync", anyRole("c"), record)
		done := make(chan struct{})
		go func() { defer close(done); h.answer(http.MethodGet, path, anyRole("c"), "") }()
		require.Equal(t, uint64(1), reads.next(t))
		w := h.call(http.MethodGet, path, anyRole("c"), "")
		full(t, w.Header(), w.Code, errorIn(t, w))
		require.Empty(t, reads.joined)
		close(reads.released)
		<-done
	}
}

// heedless is a command side that counts as a waiter of its caller.
type heedless struct {
	api.Commands

	limit  *api.WaiterLimit
	joined chan struct{}
}

func (h heedless) ExecuteByID(ctx context.Context, _ domain.Cause, _ uuid.UUID, _ domain.Command) (commands.Receipt, error) {
	return commands.Receipt{}, h.limit.Wait(ctx, func(ctx context.Context) error {
		h.joined <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
}

func TestCommand_countsAsAWaiterOfItsClient(t *testing.T) {
	c := heedless{limit: api.NewWaiterLimit(1), joined: make(chan struct{}, 9)}
	h := newTestServer(t, func(o *api.Options) { o.Commands, o.Verifier = c, clients{} })
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, client := range []string{"a", "b"} {
		all.Go(func() {
			r := httptest.NewRequest(http.MethodDelete, "/sync/"+anID, nil).WithContext(ctx)
			r.Header.Set("Authorization", "Bearer "+anyRole(client))
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
		<-c.joined
	}
	w := h.call(http.MethodDelete, "/sync/"+anID, anyRole("a"), "")
	full(t, w.Header(), w.Code, errorIn(t, w))
	require.Empty(t, c.joined)
	leave()
	all.Wait()
}
