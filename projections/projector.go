package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/projections/generation"
)

// projector is the consumer.Handler of the read model. The consumer calls its methods
// from one goroutine, each with the connection that holds the lease.
type projector struct {
	store      eventstore.Store
	onCommit   func(uint64)
	decoder    decoder
	generation Generation
	london     *time.Location
	of         []domain.PrisonerNumber // the limit of a Building; nil: none
	prev       checkpoint              // the checkpoint as this session last read or wrote it
	bulk       *bulkLoad               // nil outside of a bulk load
	// leave ends the consumer because another generation answers; nil for a generation
	// that is built whether it answers or not.
	leave func()
}

// Check refuses a read model that is not of this log, before the consumer asks for the
// lease.
func (p *projector) Check(ctx context.Context, conn *pgx.Conn) error {
	if err := p.answers(ctx, conn); err != nil {
		return err
	}
	c, err := readCheckpoint(ctx, conn, p.generation)
	if err != nil {
		return err
	}
	if _, err = guard(ctx, p.store, p.generation, c); err != nil {
		return err
	}
	return p.fits(c)
}

// LoadCheckpoint returns the position from which to go on, under the lease. Tables
// that are incomplete are dropped and created again: rows that were added to half a
// read model would be wrong without a sign.
func (p *projector) LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error) {
	// A commit that is lost in a crash takes rows and checkpoint with it, and its
	// events come again from the log. So no commit needs to wait for the disk.
	if _, err := conn.Exec(ctx, `SET synchronous_commit = off`); err != nil {
		return eventstore.Position{}, fmt.Errorf("prepare the session: %w", err)
	}
	c, err := readCheckpoint(ctx, conn, p.generation)
	if err != nil {
		return eventstore.Position{}, err
	}
	id, err := guard(ctx, p.store, p.generation, c)
	if err := errors.Join(err, p.answers(ctx, conn), p.fits(c)); err != nil {
		return eventstore.Position{}, err
	}
	err = inOneTransaction(ctx, conn, "begin the read model", func(tx pgx.Tx) error {
		complete, err := tablesAreComplete(ctx, tx, p.generation)
		if err != nil {
			return err
		}
		if !complete || c.store != id {
			c = checkpoint{store: id, counted: true, shape: generation.Shape}
			return generation.Recreate(ctx, tx, p.generation, id)
		}
		if err := generation.Upgrade(ctx, tx, p.generation); err != nil || !c.caughtUp {
			return err
		}
		if err := createIndexes(ctx, tx, p.generation); err != nil { // those that an older build did not have
			return err
		}
		return p.publish(ctx, tx)
	})
	p.prev, p.bulk = c, nil
	return c.at, err
}

// Decode reads an event. An error is of the event itself, and stops the consumer.
func (p *projector) Decode(recorded eventstore.RecordedEvent) (*fact, error) {
	return p.decoder.decode(recorded)
}

// bulkLoadFrom is the number of events from which COPY is worth its round trips.
const bulkLoadFrom = 500

// Apply commits rows, checkpoint and notification in one transaction. While there is
// more to catch up with, one transaction takes many batches.
func (p *projector) Apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	err := p.apply(ctx, conn, batch)
	if p.leave != nil && generation.IsKept(err) {
		p.leave()
	}
	return err
}

func (p *projector) apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	// A small batch at the end of the log is written at once, so that it can be seen at
	// once. Everything else is collected.
	if !batch.More && p.bulk == nil && len(batch.Events) < bulkLoadFrom {
		return p.write(ctx, conn, batch)
	}
	if err := p.bulkLoadBatch(ctx, conn, batch); err != nil {
		return err
	}
	if batch.More && p.bulk.size < bulkLoadBytes {
		return nil
	}
	return p.finish(ctx)
}

// write applies a live batch in two round trips: one reads the rows, the other is the
// transaction.
func (p *projector) write(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) (err error) {
	defer trace(ctx, batch.Events)(&err)
	facts := factsOf(p.of, batch.Events)
	r := rowsFor(facts, p.generation, p.london)
	if len(facts) > 0 {
		if err := r.load(ctx, conn); err != nil {
			return err
		}
		if err := r.fold(facts); err != nil {
			return err
		}
	}
	next := p.prev.after(batch)
	if err := r.write(ctx, conn, p.prev, next); err != nil {
		return err
	}
	p.committed(next)
	return nil
}

// bulkLoadBatch adds a batch to the bulk load, and begins one where there is none.
func (p *projector) bulkLoadBatch(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	if p.bulk == nil {
		begun, err := beginBulkLoad(ctx, conn, p.generation, p.prev, p.london)
		if err != nil {
			return err
		}
		begun.of = p.of
		p.bulk = begun
	}
	return p.bulk.add(ctx, batch)
}

// finish commits the bulk load, if there is one.
func (p *projector) finish(ctx context.Context) error {
	if p.bulk == nil {
		return nil
	}
	// Whether or not the commit succeeds, its transaction is over.
	bulk := p.bulk
	p.bulk = nil
	if err := bulk.commit(ctx); err != nil {
		return err
	}
	p.committed(bulk.next)
	return nil
}

// committed records a commit and announces its position within the process.
func (p *projector) committed(next checkpoint) {
	p.prev = next
	p.onCommit(next.at.Uint64())
}

// CheckLease runs between batches. It commits a pending bulk load, and fails when the
// tables were changed by another session meanwhile: an operator may have dropped them,
// or begun a rebuild. The consumer then starts a new session, which creates them.
func (p *projector) CheckLease(ctx context.Context, conn *pgx.Conn) error {
	if err := p.finish(ctx); err != nil {
		return err
	}
	if err := p.answers(ctx, conn); err != nil {
		return err
	}
	c, err := readCheckpoint(ctx, conn, p.generation)
	if err != nil {
		return err
	}
	complete, err := tablesAreComplete(ctx, conn, p.generation)
	if err != nil {
		return err
	}
	// The session holds the lease, so no projector can have moved the checkpoint.
	if !complete || c != p.prev {
		return errors.New("the read model was changed by another session, starting again")
	}
	if !c.caughtUp {
		return nil
	}
	return inOneTransaction(ctx, conn, "publish the read model", func(tx pgx.Tx) error { return p.publish(ctx, tx) })
}

const setCaughtUpSQL = `UPDATE {schema}.checkpoint SET caught_up = true WHERE name = $1`

// CaughtUp lets this generation answer from now on: it creates the indexes and
// publishes the views. It does so once in the life of the tables.
func (p *projector) CaughtUp(ctx context.Context, conn *pgx.Conn) error {
	if p.prev.caughtUp {
		return nil
	}
	err := inOneTransaction(ctx, conn, "publish the read model", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, p.generation.SQL(moveSQL), moveArgs(p.prev, p.prev)...); err != nil { // the fence
			return err
		}
		if err := createIndexes(ctx, tx, p.generation); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, p.generation.SQL(setCaughtUpSQL), projection); err != nil {
			return err
		}
		return p.publish(ctx, tx)
	})
	if err != nil {
		return err
	}
	p.prev.caughtUp = true
	return nil
}
