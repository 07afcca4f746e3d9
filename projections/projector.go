package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// projector is the follow.Handler of the read model.
type projector struct {
	store    eventstore.Store
	onCommit func(uint64)
	decoder  decoder
	london   *time.Location
	prev     checkpoint // what this session believes the table says
	bulk     *bulkLoad  // nil when nothing is put off
}

// Check is follow.Handler's.
func (p *projector) Check(ctx context.Context, conn *pgx.Conn) error {
	c, err := readCheckpoint(ctx, conn)
	if err != nil {
		return err
	}
	_, err = guard(ctx, p.store, c)
	return err
}

// LoadCheckpoint is follow.Handler's. Tables that are not whole are made anew: rows that
// went on from half a read model would be wrong without a sign.
func (p *projector) LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error) {
	// A lost commit takes rows and checkpoint with it, and comes again from the
	// log: there is nothing to wait for the disk for.
	if _, err := conn.Exec(ctx, `SET synchronous_commit = off`); err != nil {
		return eventstore.Position{}, fmt.Errorf("prepare the session: %w", err)
	}
	c, err := readCheckpoint(ctx, conn)
	if err != nil {
		return eventstore.Position{}, err
	}
	id, err := guard(ctx, p.store, c)
	if err != nil {
		return eventstore.Position{}, err
	}
	err = inOneTransaction(ctx, conn, "begin the read model", func(tx pgx.Tx) error {
		whole, err := tablesAreWhole(ctx, tx)
		if err != nil {
			return err
		}
		if !whole || c.store != id {
			c = checkpoint{store: id, counted: true}
			return dropTables(ctx, tx, id)
		}
		if !c.caughtUp {
			return nil
		}
		if err := makeIndexes(ctx, tx); err != nil { // those that an older build did not know
			return err
		}
		return publishViews(ctx, tx)
	})
	p.prev, p.bulk = c, nil
	return c.at, err
}

// Decode is follow.Handler's.
func (p *projector) Decode(recorded eventstore.RecordedEvent) (*fact, error) {
	return p.decoder.decode(recorded)
}

// bulkLoadFrom is how many events make COPY worth its round trips.
const bulkLoadFrom = 500

// Apply is follow.Handler's: rows, checkpoint and notification in one
// transaction. While there is more to catch up with, one transaction takes many
// batches.
func (p *projector) Apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
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

// write is the way of live batches: two round trips, the second is the
// transaction.
func (p *projector) write(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	r := rowsFor(batch.Events, p.london)
	if len(batch.Events) > 0 {
		if err := r.load(ctx, conn); err != nil {
			return err
		}
		if err := r.fold(batch.Events); err != nil {
			return err
		}
	}
	now := p.prev.behind(batch)
	if err := r.write(ctx, conn, p.prev, now); err != nil {
		return err
	}
	p.committed(now)
	return nil
}

// bulkLoadBatch works a batch into the transaction of catching up.
func (p *projector) bulkLoadBatch(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	if p.bulk == nil {
		begun, err := beginBulkLoad(ctx, conn, p.prev, p.london)
		if err != nil {
			return err
		}
		p.bulk = begun
	}
	return p.bulk.add(ctx, batch)
}

// finish commits what was built.
func (p *projector) finish(ctx context.Context) error {
	if p.bulk == nil {
		return nil
	}
	built := p.bulk
	p.bulk = nil
	if err := built.commit(ctx); err != nil {
		return err
	}
	p.committed(built.next)
	return nil
}

func (p *projector) committed(now checkpoint) {
	p.prev = now
	p.onCommit(now.at.Uint64())
}

// CheckLease is follow.Handler's: somebody may have dropped the tables or started
// them again while nothing was written. What was put off is put off no longer.
func (p *projector) CheckLease(ctx context.Context, conn *pgx.Conn) error {
	if err := p.finish(ctx); err != nil {
		return err
	}
	c, err := readCheckpoint(ctx, conn)
	if err != nil {
		return err
	}
	whole, err := tablesAreWhole(ctx, conn)
	if err != nil {
		return err
	}
	if !whole || c != p.prev {
		return errors.New("the read model was changed by somebody else, beginning again")
	}
	if !c.caughtUp {
		return nil
	}
	return inOneTransaction(ctx, conn, "show the read model", func(tx pgx.Tx) error { return publishViews(ctx, tx) })
}

// CaughtUp is follow.Handler's: from now on this version may answer.
func (p *projector) CaughtUp(ctx context.Context, conn *pgx.Conn) error {
	if p.prev.caughtUp {
		return nil
	}
	err := inOneTransaction(ctx, conn, "show the read model", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, moveSQL, moveArgs(p.prev, p.prev)...); err != nil { // fences
			return err
		}
		if err := makeIndexes(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE read_1.checkpoint SET caught_up = true WHERE name = $1`, projection); err != nil {
			return err
		}
		return publishViews(ctx, tx)
	})
	if err != nil {
		return err
	}
	p.prev.caughtUp = true
	return nil
}
