package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// Consumer is the key of the signer's row in consumer.status, and the name of its lease.
const Consumer = "evidence"

// Options configure a Signer. All but Witness, Client and Intervals must be given.
type Options struct {
	Log eventstore.Store
	DSN string // of the Postgres with the schema evidence
	// Tree is in the same database, for what the witness needs.
	Tree store.Tree
	// Origin is the name of the tree; the last key signs.
	Origin string
	Keys   []evidence.PrivateKey
	// Every is how long a fact may be without a head. Heads are signed a little earlier.
	Every   time.Duration
	Witness *Witness // nil: no witness
	Client  *http.Client
	Clock   func() time.Time
	Logger  *slog.Logger
	Build   string
	// Intervals are those of the consumer; tests shorten them.
	Intervals consumer.Intervals
}

// Signer makes heads. New makes one; Run is called once.
type Signer struct {
	options  Options
	handler  *handler
	consumer *consumer.Consumer[fact]
}

// Errors by which a signer refuses to begin, for errors.Is.
var (
	ErrNoKey       = errors.New("no key that signs has the name of the tree")
	ErrOtherOrigin = errors.New("the tree has another name")
)

// New makes a Signer. Errors: ErrNoKey, in words.
func New(options Options) (*Signer, error) {
	if len(options.Keys) == 0 {
		return nil, ErrNoKey
	}
	key := options.Keys[len(options.Keys)-1]
	if key.Name != options.Origin || key.Kind != evidence.OfLog {
		return nil, fmt.Errorf("%w: the last key is of %s, and the tree is %s", ErrNoKey, key.Name, options.Origin)
	}
	intervals := options.Intervals
	intervals.Lease = cmp.Or(intervals.Lease, min(time.Second, options.Every/4))
	// Nobody waits for a leaf: only heads are shown.
	intervals.Collect = cmp.Or(intervals.Collect, min(100*time.Millisecond, options.Every/4))
	h := &handler{
		Options: options, signer: key.Signer(), signed: make(chan struct{}, 1),
		// A turn comes at least every Lease, and delivery takes its time as well.
		wait: max(options.Every/2, options.Every-3*time.Second), between: intervals.Lease,
	}
	s := &Signer{options: options, handler: h}
	s.consumer = consumer.New(consumer.Options{
		Name: Consumer, ID: Consumer, Build: options.Build, DSN: options.DSN, Store: options.Log, Prefixes: domain.StreamPrefixes(),
		Clock: options.Clock, Logger: options.Logger, Reached: h.reached, Live: maxBuffered, Catchup: maxBuffered, Intervals: intervals,
	}, h)
	return s, nil
}

// Run signs until the context ends, and then returns nil. Outages are survived. The only
// error wraps consumer.ErrRefused: the log or the origin is another one.
func (s *Signer) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.consumer.Run(ctx) })
	if s.options.Witness != nil {
		group.Go(func() error {
			s.witness(ctx)
			return nil
		})
	}
	return group.Wait()
}

// Status is that of the consumer in this process.
func (s *Signer) Status() consumer.Status { return s.consumer.Status() }

// Buffered returns how many facts this process has read whose leaves are not kept yet.
func (s *Signer) Buffered() int { return int(s.handler.buffered.Load()) }

// verifyLog compares the log with the tree. Errors: ErrRefused where they do not belong
// together, with what an operator can do.
func (h *handler) verifyLog(ctx context.Context, state store.State) (uuid.UUID, error) {
	var facts *uint64
	if state.StoreID != uuid.Nil {
		size := uint64(state.Size) //nolint:gosec // never negative
		facts = &size
	}
	id, err := consumer.VerifyLog(ctx, h.Log, consumer.Checkpoint{
		What: "the tree in the schema evidence", Store: state.StoreID, At: state.At, EventID: state.EventID,
		Stream: state.Stream, Revision: state.Revision, Facts: facts, Prefixes: domain.StreamPrefixes(),
	})
	if errors.Is(err, consumer.ErrRefused) {
		// What the checkpoint of a consumer may be told to forget, a tree may not.
		return id, fmt.Errorf("%w: the tree in the schema evidence, of log %s with %d facts, does not belong to this log %s: it is another one, or an older state. Nothing is signed; see docs/runbooks/EvidenceHeadTooOld.md",
			consumer.ErrRefused, state.StoreID, state.Size, id)
	}
	return id, err
}

// verifyOrigin compares the origin with that of the first head.
func (h *handler) verifyOrigin(ctx context.Context, tree store.Tree) error {
	first, err := tree.FirstHead(ctx)
	if errors.Is(err, store.ErrNoHead) {
		return nil
	}
	if err != nil {
		return err
	}
	note, err := evidence.ParseNote(first.Note)
	if err != nil {
		return err
	}
	if note.Origin != h.Origin {
		return fmt.Errorf("%w: %w: its first head was signed for %s, and EVIDENCE_ORIGIN, or the host of PUBLIC_URL, says %s",
			consumer.ErrRefused, ErrOtherOrigin, note.Origin, h.Origin)
	}
	return nil
}

// Check verifies the log and the origin before the lease is asked for.
func (h *handler) Check(ctx context.Context, conn *pgx.Conn) error {
	tree := store.On(conn)
	if err := h.verifyOrigin(ctx, tree); err != nil {
		return err
	}
	state, err := tree.State(ctx)
	if err != nil {
		return err
	}
	_, err = h.verifyLog(ctx, state)
	return err
}
