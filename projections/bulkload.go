package projections

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// bulkLoadBytes is how much of the prisoners' items a building may hold before it
// commits.
const bulkLoadBytes = 256 << 20

// bulkLoad is one long transaction of catching up. Pairs go to their table
// batch by batch; prisoners, whose documents would be written again with nearly
// every batch, are kept here and written once, just before the commit. It is
// still rows and checkpoint together, or neither.
type bulkLoad struct {
	tx         pgx.Tx
	prev, next checkpoint
	empty      bool // the tables were: what this building has not written is not there
	keyless    bool // the tables are: nobody has looked anything up yet
	prisoners  map[domain.PrisonerNumber]*prisonerRow
	size       int
	london     *time.Location
	parts      int        // prepared
	scratches  [2]scratch // of the part that is being written, and of the next
}

func beginBulkLoad(ctx context.Context, conn *pgx.Conn, was checkpoint, london *time.Location) (*bulkLoad, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	// Moving the checkpoint to where it is locks it: no other gets in between.
	if _, err := tx.Exec(ctx, moveSQL, moveArgs(was, was)...); err != nil {
		_ = tx.Rollback(ctx) // the session may go on; if it cannot, it is over anyway
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	b := &bulkLoad{
		tx: tx, prev: was, next: was, empty: was.at == eventstore.Start,
		prisoners: map[domain.PrisonerNumber]*prisonerRow{}, london: london,
	}
	if !b.empty || was.caughtUp { // readers must not be locked out
		return b, nil
	}
	if _, err := tx.Exec(ctx, dropKeysSQL); err != nil {
		_ = tx.Rollback(ctx)
		return nil, fmt.Errorf("put the keys off: %w", err)
	}
	b.keyless = true
	return b, nil
}

// A key that is made at once costs a third of one that grows row by row. Should
// an id be there twice, it shows here, and everything comes again event by event.
const (
	dropKeysSQL = `ALTER TABLE read_1.pair DROP CONSTRAINT pair_pkey;
		ALTER TABLE read_1.prisoner DROP CONSTRAINT prisoner_pkey;
		ALTER TABLE read_1.non_association DROP CONSTRAINT non_association_pkey`
	addKeysSQL = `ALTER TABLE read_1.pair ADD PRIMARY KEY (pair);
		ALTER TABLE read_1.prisoner ADD PRIMARY KEY (prisoner_number);
		ALTER TABLE read_1.non_association ADD PRIMARY KEY (id) INCLUDE (expires, hidden)`
)

// addKeys makes the keys before anything is looked up by them.
func (b *bulkLoad) addKeys(ctx context.Context) error {
	if !b.keyless {
		return nil
	}
	b.keyless = false
	if _, err := b.tx.Exec(ctx, addKeysSQL); err != nil {
		return fmt.Errorf("make the keys: %w", err)
	}
	return nil
}

// partEvents is how much of a batch is folded while Postgres takes the part
// before it.
const partEvents = 4096

// add works a batch in. The connection is idle again when it returns.
func (b *bulkLoad) add(ctx context.Context, batch consumer.Batch[*fact]) error {
	var writing errgroup.Group // of one part at most
	for part := range slices.Chunk(batch.Events, partEvents) {
		stored, fresh, err := b.prepare(ctx, part, &writing)
		if failed := writing.Wait(); failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
		writing.Go(func() error { return b.write(ctx, stored, fresh) })
	}
	b.next = b.next.behind(batch)
	return writing.Wait()
}

// prepare makes what the facts lead to ready to be written: all rows but the
// prisoners'.
func (b *bulkLoad) prepare(ctx context.Context, facts []*fact, writing *errgroup.Group) (stored rows, fresh []copySource, err error) {
	r, err := b.fold(ctx, facts, writing)
	if err != nil {
		return rows{}, nil, err
	}
	b.keep(r)
	r.prisoners = nil
	stored, begun := r.splitNewAndExisting()
	fresh, err = begun.forCopy(b.scratch())
	return stored, fresh, err
}

// scratch is for the next part: that of the part before the last, which has
// been written.
func (b *bulkLoad) scratch() *scratch {
	b.parts++
	return &b.scratches[b.parts%2]
}

// fold is the rows as the facts leave them.
func (b *bulkLoad) fold(ctx context.Context, facts []*fact, writing *errgroup.Group) (rows, error) {
	r := rowsFor(facts, b.london)
	if err := b.load(ctx, r, writing); err != nil {
		return rows{}, err
	}
	for number, row := range r.prisoners {
		if kept := b.prisoners[number]; kept != nil {
			kept.changed = row.changed
			r.prisoners[number] = kept
		}
	}
	return r, r.fold(facts)
}

// load asks the tables only for what they can have and is not kept here, once
// they have what is being written.
func (b *bulkLoad) load(ctx context.Context, r rows, writing *errgroup.Group) error {
	asked := rows{pairs: map[domain.Pair]*pairRow{}, prisoners: map[domain.PrisonerNumber]*prisonerRow{}}
	for pair, row := range r.pairs {
		if !row.begins {
			asked.pairs[pair] = row
		}
	}
	for number, row := range r.prisoners {
		if !b.empty && b.prisoners[number] == nil {
			asked.prisoners[number] = row
		}
	}
	if len(asked.pairs)+len(asked.prisoners) == 0 {
		return nil
	}
	if err := writing.Wait(); err != nil {
		return err
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	return asked.load(ctx, b.tx)
}

func (b *bulkLoad) write(ctx context.Context, stored rows, fresh []copySource) error {
	for _, part := range fresh {
		if err := part.into(ctx, b.tx); err != nil {
			return err
		}
	}
	if stored.none() {
		return nil
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	return stored.put(ctx, b.tx)
}

// keep remembers what was written and what is still to be.
func (b *bulkLoad) keep(r rows) {
	for number, row := range r.prisoners {
		b.size += row.append()
		if row.kept {
			continue
		}
		row.kept = true
		b.prisoners[number] = row
	}
}

// commit writes the prisoners and ends the transaction.
func (b *bulkLoad) commit(ctx context.Context) error {
	stored, fresh := rows{prisoners: map[domain.PrisonerNumber]*prisonerRow{}}, []*prisonerRow(nil)
	for number, row := range b.prisoners {
		if row.stored {
			stored.prisoners[number] = row
		} else {
			fresh = append(fresh, row)
		}
	}
	if err := b.write(ctx, stored, nil); err != nil {
		return err
	}
	if err := b.copyPrisoners(ctx, fresh); err != nil {
		return err
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, moveSQL, moveArgs(b.prev, b.next)...); err != nil {
		return fmt.Errorf("move the checkpoint: %w", err)
	}
	if err := b.tx.Commit(ctx); err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	return nil
}

// copyPrisoners renders a part while Postgres takes the one before it.
func (b *bulkLoad) copyPrisoners(ctx context.Context, fresh []*prisonerRow) error {
	var writing errgroup.Group
	for part := range slices.Chunk(fresh, partEvents) {
		ready := prisonersForCopy(part, b.scratch())
		if err := writing.Wait(); err != nil {
			return err
		}
		writing.Go(func() error { return ready.into(ctx, b.tx) })
	}
	return writing.Wait()
}
