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
	was      checkpoint // what this session believes the table says
	building *building  // nil when nothing is put off
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

// Begin is follow.Handler's. Tables that are not whole are made anew: rows that
// went on from half a read model would be wrong without a sign.
func (p *projector) Begin(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error) {
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
			return startAgain(ctx, tx, id)
		}
		if !c.caughtUp {
			return nil
		}
		if err := makeIndexes(ctx, tx); err != nil { // those that an older build did not know
			return err
		}
		return showViews(ctx, tx)
	})
	p.was, p.building = c, nil
	return c.at, err
}

// Decode is follow.Handler's.
func (p *projector) Decode(recorded eventstore.Recorded) (*fact, error) {
	return p.decoder.decode(recorded)
}

// bulkFrom is how many events make COPY worth its round trips.
const bulkFrom = 500

// Apply is follow.Handler's: rows, checkpoint and notification in one
// transaction. While there is more to catch up with, one transaction takes many
// batches.
func (p *projector) Apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	if !batch.More && p.building == nil && len(batch.Events) < bulkFrom {
		return p.write(ctx, conn, batch)
	}
	if err := p.build(ctx, conn, batch); err != nil {
		return err
	}
	if batch.More && p.building.size < buildBytes {
		return nil
	}
	return p.finish(ctx)
}

// write is the way of live batches: two round trips, the second is the
// transaction.
func (p *projector) write(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	r := concernedBy(batch.Events, p.london)
	if len(batch.Events) > 0 {
		if err := r.load(ctx, conn); err != nil {
			return err
		}
		if err := r.fold(batch.Events); err != nil {
			return err
		}
	}
	now := p.was.behind(batch)
	if err := r.write(ctx, conn, p.was, now); err != nil {
		return err
	}
	p.committed(now)
	return nil
}

// build works a batch into the transaction of catching up.
func (p *projector) build(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[*fact]) error {
	if p.building == nil {
		begun, err := beginBuilding(ctx, conn, p.was, p.london)
		if err != nil {
			return err
		}
		p.building = begun
	}
	return p.building.add(ctx, batch)
}

// finish commits what was built.
func (p *projector) finish(ctx context.Context) error {
	if p.building == nil {
		return nil
	}
	built := p.building
	p.building = nil
	if err := built.commit(ctx); err != nil {
		return err
	}
	p.committed(built.now)
	return nil
}

func (p *projector) committed(now checkpoint) {
	p.was = now
	p.onCommit(now.at.Outside())
}

// Holds is follow.Handler's: somebody may have dropped the tables or started
// them again while nothing was written. What was put off is put off no longer.
func (p *projector) Holds(ctx context.Context, conn *pgx.Conn) error {
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
	if !whole || c != p.was {
		return errors.New("the read model was changed by somebody else, beginning again")
	}
	if !c.caughtUp {
		return nil
	}
	return inOneTransaction(ctx, conn, "show the read model", func(tx pgx.Tx) error { return showViews(ctx, tx) })
}

// CaughtUp is follow.Handler's: from now on this version may answer.
func (p *projector) CaughtUp(ctx context.Context, conn *pgx.Conn) error {
	if p.was.caughtUp {
		return nil
	}
	err := inOneTransaction(ctx, conn, "show the read model", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, moveSQL, moveArgs(p.was, p.was)...); err != nil { // fences
			return err
		}
		if err := makeIndexes(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE read_1.checkpoint SET caught_up = true WHERE name = $1`, projection); err != nil {
			return err
		}
		return showViews(ctx, tx)
	})
	if err != nil {
		return err
	}
	p.was.caughtUp = true
	return nil
}
