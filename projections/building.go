package projections

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/projections/generation"
)

// Building is a generation that is built beside the one that answers, in one session.
// After an error nothing of it may be called but reads of the session: what was
// committed before stays, and another Building goes on from there.
type Building struct {
	projector projector
	conn      *pgx.Conn
	tell      func(facts uint64)
}

// BuildOptions of a Building. All but Of must be given.
type BuildOptions struct {
	Store      eventstore.Store
	Generation Generation
	London     *time.Location
	// Of limits the rows to those that the pairs of these prisoners give: they are as in a
	// whole generation for these pairs and in the lists of these prisoners, and for nothing
	// else. Nil: there is no limit.
	Of []domain.PrisonerNumber
	// Progress is called with the number of facts that are applied, in this session or
	// an earlier one.
	Progress func(facts uint64)
}

// Build prepares a session to build a generation: from where its tables are, or from the
// beginning where there are none of this log and shape. No other session may build it:
// the caller holds the lease of its schema. Errors: those of the log and of Postgres,
// and one that wraps consumer.ErrRefused for tables of another log.
func Build(ctx context.Context, conn *pgx.Conn, o BuildOptions) (*Building, error) {
	b := &Building{
		projector: projector{
			store: o.Store, onCommit: func(uint64) {}, decoder: decoder{domain.Events()}, generation: o.Generation, london: o.London, of: o.Of,
		},
		conn: conn, tell: o.Progress,
	}
	// What a crash takes is read again. Helpers that build an index take a third more processor
	// time than one session, from those who read and write meanwhile.
	if _, err := conn.Exec(ctx, `SET synchronous_commit = off; SET max_parallel_maintenance_workers = 0`); err != nil {
		return nil, fmt.Errorf("prepare the session: %w", err)
	}
	c, err := readCheckpoint(ctx, conn, o.Generation)
	if err != nil {
		return nil, err
	}
	id, err := guard(ctx, o.Store, o.Generation, c)
	if err != nil {
		return nil, err
	}
	err = inOneTransaction(ctx, conn, "begin to build the read model", func(tx pgx.Tx) error {
		complete, err := tablesAreComplete(ctx, tx, o.Generation)
		if err != nil {
			return err
		}
		if complete && c.store == id && c.shape == generation.Shape {
			return nil
		}
		c = checkpoint{store: id, counted: true, shape: generation.Shape}
		return generation.Recreate(ctx, tx, o.Generation, id)
	})
	b.projector.prev = c
	return b, err
}

// At returns the position up to which the generation is built.
func (b *Building) At() eventstore.Position { return b.projector.prev.at }

// Trail returns which facts the generation was built from.
func (b *Building) Trail() eventstore.Trail { return b.projector.prev.trail }

// Store returns the id of the log.
func (b *Building) Store() uuid.UUID { return b.projector.prev.store }

// Through builds up to a position, that one included, and commits. Nil means the end
// that the log has when it is reached. A position that is reached already changes
// nothing. Errors: those of the log and of Postgres, and a *consumer.Poison for an
// event that cannot be read.
func (b *Building) Through(ctx context.Context, to *eventstore.Position) error {
	if to != nil && !b.At().Before(*to) {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	r := &logReading{store: b.projector.store, decode: b.projector.Decode, from: b.At(), to: to, batches: make(chan consumer.Batch[*fact], 1)}
	ended := make(chan error, 1)
	go func() { ended <- r.run(reading) }()
	var failed error
	for batch := range r.batches {
		if failed != nil {
			continue // until the reading has ended
		}
		if failed = b.projector.Apply(ctx, b.conn, batch); failed != nil {
			stop()
			continue
		}
		b.tell(b.facts())
	}
	if err := <-ended; failed == nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("build %s: %w", b.projector.generation.Schema(), failed)
	}
	return b.projector.finish(ctx)
}

// facts counts those of a bulk load too, which are not committed yet.
func (b *Building) facts() uint64 {
	if b.projector.bulk != nil {
		return b.projector.bulk.next.trail.Events
	}
	return b.projector.prev.trail.Events
}

// ThroughIn builds up to a position within a transaction of the session. It is for the
// few facts that are left when everything else has been committed. The returned function
// must be called after the commit.
func (b *Building) ThroughIn(ctx context.Context, tx pgx.Tx, to eventstore.Position) (committed func(), err error) {
	next := b.projector.prev
	if !next.at.Before(to) {
		return func() {}, nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	r := &logReading{store: b.projector.store, decode: b.projector.Decode, from: next.at, to: &to, batches: make(chan consumer.Batch[*fact], 1)}
	ended := make(chan error, 1)
	go func() { ended <- r.run(reading) }()
	for batch := range r.batches {
		if err == nil {
			next, err = b.put(ctx, tx, next, batch)
		}
		if err != nil {
			stop()
		}
	}
	if failed := <-ended; err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", b.projector.generation.Schema(), err)
	}
	return func() { b.projector.prev = next }, nil
}

// put applies a batch within a transaction.
func (b *Building) put(ctx context.Context, tx pgx.Tx, prev checkpoint, batch consumer.Batch[*fact]) (checkpoint, error) {
	facts := factsOf(b.projector.of, batch.Events)
	r := rowsFor(facts, b.projector.generation, b.projector.london)
	if len(facts) > 0 {
		if err := r.load(ctx, tx); err != nil {
			return prev, err
		}
		if err := r.fold(facts); err != nil {
			return prev, err
		}
		if err := r.put(ctx, tx); err != nil {
			return prev, err
		}
	}
	next := prev.after(batch)
	_, err := tx.Exec(ctx, b.projector.generation.SQL(moveSQL), moveArgs(prev, next)...)
	return next, err
}

// factsOf returns the facts that a limit leaves: all that are of no pair, and those of the
// pairs of the prisoners. What moves a record from pair to pair keeps one of its two
// prisoners, so every fact that a row of the pair comes from is among them.
func factsOf(prisoners []domain.PrisonerNumber, facts []*fact) []*fact {
	if prisoners == nil {
		return facts
	}
	var left []*fact
	for _, f := range facts {
		numbers := f.Pair.Numbers()
		if !f.OfPair() || slices.Contains(prisoners, numbers[0]) || slices.Contains(prisoners, numbers[1]) {
			left = append(left, f)
		}
	}
	return left
}

// Index makes the indexes that reads need.
func (b *Building) Index(ctx context.Context) error {
	return inOneTransaction(ctx, b.conn, "index the read model", func(tx pgx.Tx) error {
		return createIndexes(ctx, tx, b.projector.generation)
	})
}
