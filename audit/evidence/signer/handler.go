package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// maxBuffered is how many leaves are written at once: about 7 MB.
const maxBuffered = 20_000

// fact is a fact with its leaf.
type fact struct {
	leaf     store.Leaf
	hash     tlog.Hash
	stream   string
	revision uint64
	poison   *consumer.Poison // it has no leaf; nil: it has
}

// handler is a consumer.Handler. Its methods but Decode are called from one goroutine.
type handler struct {
	Options

	signer  note.Signer
	signed  chan struct{} // tells the witness of a head; holds at most one
	wait    time.Duration // how long a fact waits for a head
	between time.Duration // of two writes of leaves

	buffered atomic.Int64
	at       atomic.Pointer[eventstore.Position] // every fact up to here has a kept leaf
	leads    atomic.Bool

	// Of the session with the lease.
	state   store.State // as it is kept
	next    store.State // with what is in memory
	tree    evidence.Tree
	leaves  []store.Leaf
	nodes   []evidence.Node
	head    int64     // size of the newest head
	writeAt time.Time // of the last write
	oldest  time.Time // when the oldest fact without a head came; zero: there is none
	overdue bool      // there were facts without a head before this session
}

// Decode makes the leaf of a fact. It never fails: what has no leaf is carried along, so
// that the facts before it get their head.
func (h *handler) Decode(event eventstore.RecordedEvent) (fact, error) {
	leaf, err := evidence.NewLeaf(event)
	if err != nil {
		return fact{poison: &consumer.Poison{ //nolint:nilerr // it is carried along
			EventID: event.ID, Type: event.Type, Stream: event.Stream, Revision: event.Revision, Position: event.Position, Err: err,
		}}, nil
	}
	text := leaf.Text()
	return fact{
		leaf: store.Leaf{EventID: event.ID, At: event.Position, Text: text}, hash: evidence.LeafHash(text), stream: event.Stream, revision: event.Revision,
	}, nil
}

// reached returns the position of the last leaf that is kept.
func (h *handler) reached() eventstore.Position {
	if at := h.at.Load(); at != nil {
		return *at
	}
	return eventstore.Start
}

// LoadCheckpoint reads the tree back. What was in memory of an earlier session is dropped.
func (h *handler) LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error) {
	h.leads.Store(false)
	tree := store.On(conn)
	if err := h.verifyOrigin(ctx, tree); err != nil {
		return eventstore.Start, err
	}
	state, err := tree.State(ctx)
	if err != nil {
		return eventstore.Start, err
	}
	id, err := h.verifyLog(ctx, state)
	if err != nil {
		return eventstore.Start, err
	}
	edge, err := tree.Edge(ctx, state.Size)
	if err != nil {
		return eventstore.Start, err
	}
	head, err := tree.NewestHead(ctx)
	if err != nil && !errors.Is(err, store.ErrNoHead) {
		return eventstore.Start, err
	}
	h.state, h.next, h.tree, h.head = state, state, edge, head.Size
	h.next.StoreID = id
	h.leaves, h.nodes, h.oldest = nil, nil, time.Time{}
	h.overdue, h.writeAt = head.Size < state.Size, h.Clock()
	h.keep()
	h.leads.Store(true)
	return state.At, nil
}

// keep publishes what is kept.
func (h *handler) keep() {
	at := h.state.At
	h.at.Store(&at)
	h.buffered.Store(int64(len(h.leaves)))
}

// Apply takes facts into memory, and writes and signs when it is time.
func (h *handler) Apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[fact]) error {
	for _, f := range batch.Events {
		if f.poison != nil {
			return cmp.Or[error](h.sign(ctx, conn), f.poison)
		}
		f.leaf.Index = h.tree.Size()
		h.nodes = append(h.nodes, h.tree.Add(f.hash)...)
		h.leaves = append(h.leaves, f.leaf)
		h.next.EventID, h.next.Stream, h.next.Revision = f.leaf.EventID, f.stream, f.revision
		h.next.Size, h.next.At = h.tree.Size(), f.leaf.At
	}
	h.next.At = batch.Through
	h.buffered.Store(int64(len(h.leaves)))
	if h.oldest.IsZero() && len(batch.Events) > 0 {
		h.oldest = h.Clock()
	}
	return h.turn(ctx, conn)
}

// CheckLease does what is due. A lost session shows as an error of its query.
func (h *handler) CheckLease(ctx context.Context, conn *pgx.Conn) error {
	if err := conn.Ping(ctx); err != nil {
		return fmt.Errorf("ask whether the session is there: %w", err)
	}
	return h.turn(ctx, conn)
}

// CaughtUp signs what an earlier session left without a head.
func (h *handler) CaughtUp(ctx context.Context, conn *pgx.Conn) error {
	if !h.overdue && !h.hasWaited() {
		return nil
	}
	return h.sign(ctx, conn)
}

// turn writes leaves about once in the time between, and signs when a fact has waited.
func (h *handler) turn(ctx context.Context, conn *pgx.Conn) error {
	if h.hasWaited() {
		return h.sign(ctx, conn)
	}
	if len(h.leaves) >= maxBuffered || h.passed(h.writeAt, h.between) {
		return h.write(ctx, conn)
	}
	return nil
}

// hasWaited reports whether a fact has waited long enough for a head.
func (h *handler) hasWaited() bool { return !h.oldest.IsZero() && h.passed(h.oldest, h.wait) }

// passed reports whether a time has passed since. A clock that went back counts as passed:
// a head too many does no harm.
func (h *handler) passed(since time.Time, wait time.Duration) bool {
	now := h.Clock()
	return now.Sub(since) >= wait || now.Before(since)
}

// write keeps the leaves that are in memory, and the position.
func (h *handler) write(ctx context.Context, conn *pgx.Conn) error {
	h.writeAt = h.Clock()
	if h.next == h.state {
		return nil
	}
	if err := store.On(conn).Append(ctx, h.state, h.next, h.leaves, h.nodes); err != nil {
		return err
	}
	h.state, h.leaves, h.nodes = h.next, h.leaves[:0], h.nodes[:0]
	h.keep()
	return nil
}

// sign writes the leaves and makes a head of them. Where another signer made one of this
// size, that one counts.
func (h *handler) sign(ctx context.Context, conn *pgx.Conn) error {
	if err := h.write(ctx, conn); err != nil {
		return err
	}
	if h.state.Size > h.head {
		signed, err := evidence.Sign(evidence.Head{Origin: h.Origin, Size: h.state.Size, Root: h.tree.Root()}, h.signer)
		if err != nil {
			return err
		}
		added, err := store.On(conn).AddHead(ctx, h.state.Size, signed, h.Clock())
		if err != nil {
			return err
		}
		if !added {
			return errNotAdded
		}
		h.head = h.state.Size
		select {
		case h.signed <- struct{}{}:
		default:
		}
	}
	h.oldest, h.overdue = time.Time{}, false
	return nil
}

// errNotAdded ends a session whose head another signer has overtaken. The next one reads
// everything anew.
var errNotAdded = errors.New("a head of this size or of another origin is there already")
