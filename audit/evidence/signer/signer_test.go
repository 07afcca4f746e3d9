package signer_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/signer"
	"nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
)

// TestSigner_overAnExistingLog covers what was there before, and then what comes.
func TestSigner_overAnExistingLog(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.add(3000)
	_, stop := h.start()
	h.waitHead()
	h.add(5)
	before := time.Now()
	head := h.waitHead()
	require.Less(t, head.SignedAt.Sub(before), 20*time.Second)
	require.NoError(t, stop())
	h.add(1)
	_, stop = h.start() // what came while nobody signed
	h.waitHead()
	require.NoError(t, stop())
	rows := connect(t, h)
	all, err := status.ReadAll(t.Context(), rows)
	require.NoError(t, err)
	require.Contains(t, all, signer.Consumer)
	require.Nil(t, all[signer.Consumer].Fault)
}

// TestSigner_signsInTime although facts go on coming, and no sooner.
func TestSigner_signsInTime(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.every = 40 * time.Second
	forward := h.stopClock()
	s, _ := h.start()
	h.add(3)
	h.buffers(s, 3)
	forward(h.every / 2)
	h.keeps(3)
	h.add(2)
	h.buffers(s, 2)
	_, err := h.tree.NewestHead(t.Context())
	require.ErrorIs(t, err, store.ErrNoHead)
	forward(h.every / 2)
	h.waitHead()
}

// TestSigner_overLeavesWithoutAHead, as one that was killed leaves them, and nothing comes.
func TestSigner_overLeavesWithoutAHead(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.every = time.Hour
	forward := h.stopClock()
	s, stop := h.start()
	h.add(3)
	h.buffers(s, 3)
	forward(time.Minute)
	h.keeps(3)
	require.NoError(t, stop())
	_, err := h.tree.NewestHead(t.Context())
	require.ErrorIs(t, err, store.ErrNoHead)
	h.start()
	h.waitHead()
}

// TestSigners_atOnceMakeOneTree: one has the lease, and the other takes over.
func TestSigners_atOnceMakeOneTree(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	_, stopOne := h.start()
	_, stopOther := h.start()
	h.add(300)
	h.waitHead()
	require.NoError(t, stopOne())
	h.add(300)
	h.waitHead()
	require.NoError(t, stopOther())
}

// TestSigner_whoseSessionIsCutAgainAndAgain loses no fact and forks nothing.
func TestSigner_whoseSessionIsCutAgainAndAgain(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.start()
	h.start()
	conn := connect(t, h)
	for range 8 {
		h.add(40)
		_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
			AND pid <> pg_backend_pid() AND application_name = 'evidence' AND backend_type = 'client backend'`)
		require.NoError(t, err)
	}
	h.waitHead()
}

// TestSigner_whoseSessionIsCutWithLeavesInMemory takes them from the log again, once.
func TestSigner_whoseSessionIsCutWithLeavesInMemory(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.every = time.Hour
	forward := h.stopClock() // so that they stay in memory
	h.add(5)
	s, _ := h.start()
	h.buffers(s, 5)
	_, err := connect(t, h).Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		forward(time.Minute)
		state, err := h.tree.State(t.Context())
		return err == nil && state.Size == 5
	}, waitLimit, pollEach)
}

func TestSigner_ofAnotherLogOrOriginRefuses(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.add(10)
	_, stop := h.start()
	h.waitHead()
	require.NoError(t, stop())

	options := h.options()
	options.Origin = "localhost/evidence/2"
	_, err := signer.New(options)
	require.ErrorIs(t, err, signer.ErrNoKey)
	key, err := evidence.GenerateKey(zeros{}, evidence.OfLog, options.Origin)
	require.NoError(t, err)
	options.Keys = append(options.Keys, key)
	s, err := signer.New(options)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit) // one that signs runs on
	defer cancel()
	err = s.Run(ctx)
	require.ErrorIs(t, err, signer.ErrOtherOrigin)
	require.ErrorContains(t, err, "EVIDENCE_ORIGIN")

	id, err := eventstore.ReadIdentity(t.Context(), h.log)
	require.NoError(t, err)
	for name, identity := range map[string]uuid.UUID{"another log": uuid.New(), "an older state": id} {
		h.log, h.facts = memory.New(), 0
		_, err = eventstore.WriteIdentity(t.Context(), h.log, identity)
		require.NoError(t, err)
		h.add(9)
		s, err := signer.New(h.options())
		require.NoError(t, err)
		err = s.Run(ctx)
		require.ErrorIs(t, err, consumer.ErrRefused, name)
		require.ErrorContains(t, err, "docs/runbooks/EvidenceHeadTooOld.md", name)
		require.ErrorContains(t, err, "does not belong to this log "+identity.String(), name)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestSigner_whoseClockJumpsBack goes on, and no head is older than the one before it.
func TestSigner_whoseClockJumpsBack(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var back atomic.Int64
	h.clock = func() time.Time { return time.Now().Round(0).Add(time.Duration(back.Load())) }
	h.start()
	h.add(3)
	first := h.waitHead()
	back.Store(int64(-24 * time.Hour))
	h.add(3)
	second := h.waitHead()
	require.False(t, second.SignedAt.Before(first.SignedAt))
}

// TestSigner_whoseClockJumpsBackWhileAFactWaits signs at once.
func TestSigner_whoseClockJumpsBackWhileAFactWaits(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.every = 2 * time.Second
	forward := h.stopClock()
	s, _ := h.start()
	h.add(3)
	h.buffers(s, 3)
	forward(-24 * time.Hour)
	h.waitHead()
}

// TestSigner_atAFactWithoutALeaf covers what comes before it, and says which it is.
func TestSigner_atAFactWithoutALeaf(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.add(5)
	bad := uuid.New()
	_, err := h.log.Append(t.Context(), eventstore.Append{
		Stream: "nonAssociation-bad", Expected: eventstore.NoStream, Events: []eventstore.Event{{ID: bad, Type: "two\nlines", Data: []byte(`{}`), Metadata: []byte(`{}`)}},
	})
	require.NoError(t, err)
	h.start()
	rows := connect(t, h)
	require.Eventually(t, func() bool {
		all, err := status.ReadAll(t.Context(), rows)
		return err == nil && all[signer.Consumer].Fault != nil && all[signer.Consumer].Fault.EventID == bad
	}, waitLimit, pollEach)
	head, err := h.tree.NewestHead(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, head.Size)
}

func connect(t *testing.T, h *harness) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}
