package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/follow"
)

// bulkFrom is how many pairs make COPY worth its round trips.
const bulkFrom = 400

// projector is the follow.Handler of the read model.
type projector struct {
	store    eventstore.Store
	onCommit func(uint64)
	decoder  decoder
	was      checkpoint // what this session believes the table says
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
			c = checkpoint{store: id}
			return startAgain(ctx, tx, id)
		}
		if c.caughtUp {
			return showViews(ctx, tx)
		}
		return nil
	})
	p.was = c
	return c.at, err
}

// Decode is follow.Handler's.
func (p *projector) Decode(recorded eventstore.Recorded) (fact, error) {
	return p.decoder.decode(recorded)
}

// Apply is follow.Handler's: rows, checkpoint and notification in one
// transaction.
func (p *projector) Apply(ctx context.Context, conn *pgx.Conn, batch follow.Batch[fact]) error {
	now := p.was
	now.at = batch.Through
	r := concernedBy(batch.Events)
	if len(batch.Events) > 0 {
		now.last = batch.Events[len(batch.Events)-1].event()
		if err := r.load(ctx, conn); err != nil {
			return err
		}
		r.fold(batch.Events)
	}
	write := r.writeLive
	if len(r.pairs) >= bulkFrom {
		write = r.writeBulk
	}
	if err := write(ctx, conn, p.was, now); err != nil {
		return err
	}
	p.was = now
	p.onCommit(now.at.Outside())
	return nil
}

// Holds is follow.Handler's: somebody may have dropped the tables or started
// them again while nothing was written.
func (p *projector) Holds(ctx context.Context, conn *pgx.Conn) error {
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
