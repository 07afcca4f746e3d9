package signer_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/signer"
	"nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/dev/witness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	origin    = "localhost/evidence/1"
	waitLimit = 60 * time.Second
	pollEach  = 10 * time.Millisecond
)

var tables = testdb.NewTemplate(store.Migrate, status.Migrate)

// harness is a log and a database, with signers.
type harness struct {
	t       *testing.T
	log     *memory.Store
	dsn     string
	store   *store.Store
	tree    store.Tree
	key     evidence.PrivateKey
	clock   func() time.Time
	every   time.Duration // 0: 400 ms
	facts   int
	witness *signer.Witness
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{t: t, log: memory.New(), dsn: tables.New(t), clock: time.Now}
	_, err := eventstore.WriteIdentity(t.Context(), h.log, uuid.New())
	require.NoError(t, err)
	h.store, err = store.Open(t.Context(), h.dsn)
	require.NoError(t, err)
	t.Cleanup(h.store.Close)
	h.tree = h.store.Tree()
	h.key, err = evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 32)), evidence.OfLog, origin)
	require.NoError(t, err)
	return h
}

// add appends facts, of several streams, and one event that is not ours.
func (h *harness) add(count int) {
	h.t.Helper()
	for range count {
		id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, h.facts))
		_, err := h.log.Append(h.t.Context(), eventstore.Append{
			Stream: fmt.Sprintf("nonAssociation-A1234BC-A%04dBD", h.facts), Expected: eventstore.NoStream,
			Events: []eventstore.Event{{ID: id, Type: "NonAssociationOpened.v1", Data: fmt.Appendf(nil, `{"n":%d}`, h.facts), Metadata: fmt.Appendf(nil, `{"commandId":"%s"}`, id)}},
		})
		require.NoError(h.t, err)
		h.facts++
	}
	_, err := h.log.Append(h.t.Context(), eventstore.Append{
		Stream: "other-" + uuid.NewString(), Expected: eventstore.NoStream, Events: []eventstore.Event{{ID: uuid.New(), Type: "other", Data: []byte(`{}`), Metadata: []byte(`{}`)}},
	})
	require.NoError(h.t, err)
}

func (h *harness) options() signer.Options {
	return signer.Options{
		Log: h.log, DSN: h.dsn, Tree: h.tree, Origin: origin, Keys: []evidence.PrivateKey{h.key}, Every: cmp.Or(h.every, 400*time.Millisecond),
		Witness: h.witness, Clock: h.clock, Logger: slog.New(slog.DiscardHandler), Build: "test",
		Intervals: consumer.Intervals{Retry: 10 * time.Millisecond, Poison: 20 * time.Millisecond, Head: 50 * time.Millisecond},
	}
}

// stopClock lets the clock of the signers stand, but for what it is set forward.
func (h *harness) stopClock() (forward func(time.Duration)) {
	begin, passed := time.Now().Round(0), atomic.Int64{}
	h.clock = func() time.Time { return begin.Add(time.Duration(passed.Load())) }
	return func(by time.Duration) { passed.Add(int64(by)) }
}

// buffers waits until a signer has leaves in memory, and keeps until so many are kept.
func (h *harness) buffers(s *signer.Signer, leaves int) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return s.Buffered() >= leaves }, waitLimit, pollEach)
	require.Equal(h.t, leaves, s.Buffered())
}

func (h *harness) keeps(leaves int64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		state, err := h.tree.State(h.t.Context())
		return err == nil && state.Size == leaves
	}, waitLimit, pollEach)
}

// start runs a signer until the returned function is called, which returns its error.
func (h *harness) start() (s *signer.Signer, stop func() error) {
	h.t.Helper()
	s, err := signer.New(h.options())
	require.NoError(h.t, err)
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	h.t.Cleanup(func() { _ = stop() })
	return s, stop
}

// waitHead waits until every fact has a head, and checks the tree from end to end.
func (h *harness) waitHead() store.Head {
	h.t.Helper()
	var head store.Head
	require.Eventually(h.t, func() bool {
		var err error
		head, err = h.tree.NewestHead(h.t.Context())
		return err == nil && head.Size == int64(h.facts)
	}, waitLimit, pollEach, "no head covers all facts")
	h.requireWhole()
	return head
}

// requireWhole computes all heads anew from the log itself.
func (h *harness) requireWhole() {
	h.t.Helper()
	roots := map[int64]evidence.Tree{}
	var tree evidence.Tree
	recorded, err := h.log.ReadAll(h.t.Context(), eventstore.Forwards, eventstore.Start, 1_000_000)
	require.NoError(h.t, err)
	for _, event := range recorded {
		if eventstore.HasPrefix(event.Stream, domain.StreamPrefixes()) {
			leaf, err := evidence.NewLeaf(event)
			require.NoError(h.t, err)
			tree.Add(evidence.LeafHash(leaf.Text()))
			roots[tree.Size()] = tree.Clone()
		}
	}
	heads, err := h.tree.Heads(h.t.Context(), 0, 0)
	require.NoError(h.t, err)
	for _, head := range heads {
		note, err := evidence.ParseNote(head.Note)
		require.NoError(h.t, err)
		of := roots[head.Size]
		require.Equal(h.t, evidence.Head{Origin: origin, Size: head.Size, Root: of.Root()}, note.Head)
		require.True(h.t, note.SignedBy(evidence.Keys{h.key.Key}))
	}
}

// withWitness starts a witness. Its answers may be spoiled by a handler around it.
func (h *harness) withWitness() (*witness.Witness, *atomic.Pointer[httptest.Server]) {
	h.t.Helper()
	w, err := witness.Open(h.t.TempDir(), func() (evidence.Keys, error) { return evidence.Keys{h.key.Key}, nil }, time.Now)
	require.NoError(h.t, err)
	var running atomic.Pointer[httptest.Server]
	running.Store(httptest.NewServer(w))
	h.t.Cleanup(func() { running.Load().Close() })
	h.witness = &signer.Witness{URL: running.Load().URL + "/", Key: w.Key()}
	return w, &running
}
