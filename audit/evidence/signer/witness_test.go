package signer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
)

// waitCosigned waits until a head of at least a size has a good cosignature.
func (h *harness) waitCosigned(size int64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		last, err := h.tree.LastCosigned(h.t.Context())
		return err == nil && last >= size
	}, waitLimit, pollEach)
	head, err := h.tree.NewestHead(h.t.Context())
	require.NoError(h.t, err)
	signed, err := h.tree.Signed(h.t.Context(), head)
	require.NoError(h.t, err)
	note, err := evidence.ParseNote(signed)
	require.NoError(h.t, err)
	good := 0
	for _, c := range note.Check(evidence.Keys{h.witness.Key}) {
		if c.Good && c.Kind == evidence.OfWitness {
			require.WithinDuration(h.t, time.Now(), c.Time, time.Minute)
			good++
		}
	}
	require.Positive(h.t, good)
}

func TestWitness_cosignsEachHead(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.withWitness()
	h.start()
	for range 3 {
		h.add(100)
		h.waitHead()
		h.waitCosigned(int64(h.facts))
	}
	heads, err := h.tree.Heads(t.Context(), 0, 0)
	require.NoError(t, err)
	for _, head := range heads {
		lines, err := h.tree.Cosignatures(t.Context(), head.Size, head.Size+1)
		require.NoError(t, err)
		require.NotEmpty(t, lines, "head %d", head.Size)
	}
}

// TestWitness_thatIsAway holds up no head, and cosigns them all when it is back.
func TestWitness_thatIsAway(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	w, _ := h.withWitness()
	gate := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		select {
		case <-gate:
			w.ServeHTTP(rw, r)
		default:
			rw.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	h.witness.URL = server.URL
	_, stop := h.start()
	for range 2 {
		h.add(10)
		h.waitHead()
	}
	none, err := h.tree.LastCosigned(t.Context())
	require.NoError(t, err)
	require.Zero(t, none)
	close(gate)
	h.waitCosigned(int64(h.facts))
	refusals, err := h.tree.Refusals(t.Context())
	require.NoError(t, err)
	require.Zero(t, refusals.Count, "an outage is no refusal")
	require.NoError(t, stop())
}

// TestWitness_thatRefuses is counted, and heads are made all the same.
func TestWitness_thatRefuses(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusConflict, http.StatusUnprocessableEntity} {
		h := newHarness(t)
		h.withWitness()
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) }))
		defer server.Close()
		h.witness.URL = server.URL
		_, stop := h.start()
		for count := range int64(2) {
			h.add(10)
			h.waitHead()
			require.Eventually(t, func() bool {
				refusals, err := h.tree.Refusals(t.Context())
				return err == nil && refusals.Count >= count+1 && refusals.Size == int64(h.facts)
			}, waitLimit, pollEach)
		}
		require.NoError(t, stop())
	}
}

// TestWitness_thatKnowsALargerTree refuses one that has shrunk, as after a restore.
func TestWitness_thatKnowsALargerTree(t *testing.T) {
	t.Parallel()
	first := newHarness(t)
	first.withWitness()
	_, stop := first.start()
	first.add(20)
	first.waitHead()
	first.waitCosigned(20)
	require.NoError(t, stop())

	restored := newHarness(t)
	restored.witness = first.witness
	_, stop = restored.start()
	restored.add(10)
	restored.waitHead()
	require.Eventually(t, func() bool {
		refusals, err := restored.tree.Refusals(t.Context())
		return err == nil && refusals.Count > 0
	}, waitLimit, pollEach)
	require.NoError(t, stop())
}

// TestWitness_whoseCosignatureIsForged leaves no row.
func TestWitness_whoseCosignatureIsForged(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.withWitness()
	forger, err := evidence.GenerateKey(zeros{}, evidence.OfWitness, h.witness.Key.Name)
	require.NoError(t, err)
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		line, err := evidence.Cosign(forger, "another head\n", time.Now())
		if err == nil {
			_, _ = rw.Write([]byte(line))
		}
		select {
		case asked <- struct{}{}:
		default:
		}
	}))
	defer server.Close()
	h.witness.URL = server.URL
	_, stop := h.start()
	h.add(10)
	h.waitHead()
	for range 2 { // a line that is not kept is asked for again
		select {
		case <-asked:
		case <-time.After(waitLimit):
			require.FailNow(t, "the witness is not asked again")
		}
	}
	require.NoError(t, stop())
	all, err := h.tree.Cosignatures(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.Empty(t, all)
}
