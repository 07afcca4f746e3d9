package projections

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/follow"
)

// buildBytes is how much of the prisoners' items a building may hold before it
// commits.
const buildBytes = 128 << 20

// building is one long transaction of catching up. Pairs go to their table
// batch by batch; prisoners, whose documents would be written again with nearly
// every batch, are kept here and written once, just before the commit. It is
// still rows and checkpoint together, or neither.
type building struct {
	tx        pgx.Tx
	was, now  checkpoint
	empty     bool // the tables were: what this building has not written is not there
	pairs     map[domain.Pair]struct{}
	ids       map[uuid.UUID]struct{}
	prisoners map[domain.PrisonerNumber]*prisonerRow
	size      int
	london    *time.Location
}

func beginBuilding(ctx context.Context, conn *pgx.Conn, was checkpoint, london *time.Location) (*building, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	// Moving the checkpoint to where it is locks it: no other gets in between.
	if _, err := tx.Exec(ctx, moveSQL, moveArgs(was, was)...); err != nil {
		_ = tx.Rollback(ctx) // the session may go on; if it cannot, it is over anyway
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	return &building{
		tx: tx, was: was, now: was, empty: was.at == eventstore.Start,
		pairs: map[domain.Pair]struct{}{}, ids: map[uuid.UUID]struct{}{},
		prisoners: map[domain.PrisonerNumber]*prisonerRow{}, london: london,
	}, nil
}

// add works a batch in.
func (b *building) add(ctx context.Context, batch follow.Batch[*fact]) error {
	r := concernedBy(batch.Events, b.london)
	if err := b.load(ctx, r); err != nil {
		return err
	}
	for number, row := range r.prisoners {
		if kept := b.prisoners[number]; kept != nil {
			kept.changed = row.changed
			r.prisoners[number] = kept
		}
	}
	r.fold(batch.Events)
	if err := b.writePairs(ctx, r); err != nil {
		return err
	}
	b.keep(r)
	b.now = b.now.behind(batch)
	return nil
}

// load asks the tables only for what they can have and is not kept here.
func (b *building) load(ctx context.Context, r rows) error {
	asked := rows{pairs: map[domain.Pair]*pairRow{}, prisoners: map[domain.PrisonerNumber]*prisonerRow{}}
	for pair, row := range r.pairs {
		if _, written := b.pairs[pair]; written || !b.empty {
			asked.pairs[pair] = row
		}
	}
	for number, row := range r.prisoners {
		if b.prisoners[number] == nil && !b.empty {
			asked.prisoners[number] = row
		}
	}
	if len(asked.pairs)+len(asked.prisoners) == 0 {
		return nil
	}
	return asked.load(ctx, b.tx)
}

func (b *building) writePairs(ctx context.Context, r rows) error {
	stored, fresh := r.stored()
	stored.prisoners, fresh.prisoners = nil, nil
	known, err := b.knownIDs(ctx, r)
	if err != nil {
		return err
	}
	stored.opened, stored.changed, fresh.opened = known, r.changed, maps.Clone(r.opened)
	maps.DeleteFunc(fresh.opened, func(id uuid.UUID, _ line) bool { _, is := known[id]; return is })
	if err := fresh.copy(ctx, b.tx); err != nil {
		return err
	}
	return stored.put(ctx, b.tx)
}

func (b *building) knownIDs(ctx context.Context, r rows) (map[uuid.UUID]line, error) {
	if !b.empty {
		return r.knownIDs(ctx, b.tx)
	}
	known := map[uuid.UUID]line{}
	for id, l := range r.opened {
		if _, is := b.ids[id]; is {
			known[id] = l
		}
	}
	return known, nil
}

// keep remembers what was written and what is still to be.
func (b *building) keep(r rows) {
	if b.empty {
		for pair := range r.pairs {
			b.pairs[pair] = struct{}{}
		}
		for id := range r.opened {
			b.ids[id] = struct{}{}
		}
	}
	for number, row := range r.prisoners {
		b.size += row.grown()
		b.prisoners[number] = row
	}
}

// commit writes the prisoners and ends the transaction.
func (b *building) commit(ctx context.Context) error {
	stored, fresh := rows{prisoners: b.prisoners}.stored()
	if err := fresh.copy(ctx, b.tx); err != nil {
		return err
	}
	if err := stored.put(ctx, b.tx); err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, moveSQL, moveArgs(b.was, b.now)...); err != nil {
		return fmt.Errorf("move the checkpoint: %w", err)
	}
	if err := b.tx.Commit(ctx); err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	return nil
}
