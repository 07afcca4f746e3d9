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

const (
	// bulkLoadBytes is how much memory the list items of a bulk load may take before
	// it commits.
	bulkLoadBytes = 256 << 20

	// partEvents is how many events of a batch are folded while Postgres writes the
	// part before them.
	partEvents = 4096
)

// bulkLoad is one long transaction that takes many batches of catching up.
//
// Pairs and records go to their tables batch by batch. A prisoner's document would be
// written again with nearly every batch, so prisoners are kept in memory and written
// once, just before the commit. Rows and checkpoint are still committed together.
type bulkLoad struct {
	tx         pgx.Tx
	generation Generation
	of         []domain.PrisonerNumber // the limit of a Building; nil: none
	prev, next checkpoint
	empty      bool // the tables were empty at the start: a row that is not kept does not exist
	keyless    bool // the primary keys are dropped; they must be made before the first look-up
	prisoners  map[domain.PrisonerNumber]*prisonerRow
	size       int // bytes of the items of prisoners
	london     *time.Location
	parts      int        // prepared so far
	scratches  [2]scratch // of the part being written, and of the next one
}

// beginBulkLoad begins the transaction and locks the checkpoint. On an error the
// transaction has been rolled back, and the connection may be used again.
func beginBulkLoad(ctx context.Context, conn *pgx.Conn, g Generation, prev checkpoint, london *time.Location) (*bulkLoad, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	// A move to the same position locks the row of the checkpoint until the commit:
	// no other projector can write in between.
	if _, err := tx.Exec(ctx, g.SQL(moveSQL), moveArgs(prev, prev)...); err != nil {
		_ = tx.Rollback(ctx) // where this fails the connection is broken, and the session ends anyway
		return nil, fmt.Errorf("begin to catch up: %w", err)
	}
	b := &bulkLoad{
		tx: tx, generation: g, prev: prev, next: prev, empty: prev.at == eventstore.Start,
		prisoners: map[domain.PrisonerNumber]*prisonerRow{}, london: london,
	}
	if !b.empty || prev.caughtUp { // dropping keys would lock readers out
		return b, nil
	}
	if _, err := tx.Exec(ctx, g.SQL(dropKeysSQL)); err != nil {
		_ = tx.Rollback(ctx)
		return nil, fmt.Errorf("drop the keys: %w", err)
	}
	b.keyless = true
	return b, nil
}

// The keys of new tables are made when the rows are there: one that is built at once
// costs a third of one that grows row by row. An id that is there twice makes
// addKeysSQL fail; the consumer then repeats the events one by one and finds it.
const (
	dropKeysSQL = `ALTER TABLE {schema}.pair DROP CONSTRAINT pair_pkey;
		ALTER TABLE {schema}.prisoner DROP CONSTRAINT prisoner_pkey;
		ALTER TABLE {schema}.mapping DROP CONSTRAINT mapping_pkey;
		ALTER TABLE {schema}.fact_index DROP CONSTRAINT fact_index_pkey;
		ALTER TABLE {schema}.non_association DROP CONSTRAINT non_association_pkey`
	addKeysSQL = `ALTER TABLE {schema}.pair ADD PRIMARY KEY (pair);
		ALTER TABLE {schema}.prisoner ADD PRIMARY KEY (prisoner_number);
		ALTER TABLE {schema}.mapping ADD PRIMARY KEY (id, position);
		ALTER TABLE {schema}.fact_index ADD PRIMARY KEY ("commit", prepare);
		ALTER TABLE {schema}.non_association ADD PRIMARY KEY (id) INCLUDE (expires, deleted)`
)

// addKeys makes the keys unless they are there. Every statement that looks rows up
// comes after it.
func (b *bulkLoad) addKeys(ctx context.Context) error {
	if !b.keyless {
		return nil
	}
	b.keyless = false
	if _, err := b.tx.Exec(ctx, b.generation.SQL(addKeysSQL)); err != nil {
		return fmt.Errorf("make the keys: %w", err)
	}
	return nil
}

// add applies a batch, part by part: the next part is folded while Postgres writes the
// one before it. The connection is idle again when add returns.
func (b *bulkLoad) add(ctx context.Context, batch consumer.Batch[*fact]) error {
	// One part at most is being written. A connection takes one statement at a time, so
	// nothing else may use it until Wait has returned.
	var writing errgroup.Group
	for part := range slices.Chunk(factsOf(b.of, batch.Events), partEvents) {
		existing, created, err := b.prepare(ctx, part, &writing)
		if failed := writing.Wait(); failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
		writing.Go(func() error { return b.write(ctx, existing, created) })
	}
	b.next = b.next.after(batch)
	return writing.Wait()
}

// prepare folds the facts and returns the rows to write: those that the tables may
// have, and those that are new. Rows of prisoners are kept instead.
func (b *bulkLoad) prepare(ctx context.Context, facts []*fact, writing *errgroup.Group) (existing rows, created []copySource, err error) {
	r, err := b.fold(ctx, facts, writing)
	if err != nil {
		return rows{}, nil, err
	}
	b.keep(r)
	r.prisoners = nil // written by commit
	existing, added := r.splitNewAndExisting()
	created, err = added.forCopy(b.scratch())
	return existing, created, err
}

// scratch returns the buffers for the next part: those of the part before the last,
// which has been written.
func (b *bulkLoad) scratch() *scratch {
	b.parts++
	return &b.scratches[b.parts%2]
}

// fold returns the rows as they are after the facts.
func (b *bulkLoad) fold(ctx context.Context, facts []*fact, writing *errgroup.Group) (rows, error) {
	r := rowsFor(facts, b.generation, b.london)
	if err := b.load(ctx, r, writing); err != nil {
		return rows{}, err
	}
	for number, row := range r.prisoners {
		// The kept row has items that the table does not have yet.
		if kept := b.prisoners[number]; kept != nil {
			kept.changed = row.changed
			r.prisoners[number] = kept
		}
	}
	return r, r.fold(facts)
}

// load reads the rows that the tables may have and that are not kept here. It first
// waits for the part that is being written, because the rows may be among it.
func (b *bulkLoad) load(ctx context.Context, r rows, writing *errgroup.Group) error {
	wanted := rows{
		generation: b.generation,
		pairs:      map[domain.Pair]*pairRow{}, prisoners: map[domain.PrisonerNumber]*prisonerRow{},
	}
	for pair, row := range r.pairs {
		if !row.begins {
			wanted.pairs[pair] = row
		}
	}
	for number, row := range r.prisoners {
		if !b.empty && b.prisoners[number] == nil {
			wanted.prisoners[number] = row
		}
	}
	if len(wanted.pairs)+len(wanted.prisoners) == 0 {
		return nil
	}
	if err := writing.Wait(); err != nil {
		return err
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	return wanted.load(ctx, b.tx)
}

// write copies the new rows and puts the others.
func (b *bulkLoad) write(ctx context.Context, existing rows, created []copySource) error {
	for _, part := range created {
		if err := part.into(ctx, b.tx, b.generation); err != nil {
			return err
		}
	}
	if existing.none() {
		return nil
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	return existing.put(ctx, b.tx)
}

// keep adds the prisoners of a part to those that are written at the commit.
func (b *bulkLoad) keep(r rows) {
	for number, row := range r.prisoners {
		b.size += row.grown()
		if row.kept {
			continue
		}
		row.kept = true
		b.prisoners[number] = row
	}
}

// commit writes the prisoners and ends the transaction. The checkpoint moves last, from
// where it was when the transaction began: that is the same fence as in a live batch.
func (b *bulkLoad) commit(ctx context.Context) error {
	existing := rows{generation: b.generation, prisoners: map[domain.PrisonerNumber]*prisonerRow{}}
	var created []*prisonerRow
	for number, row := range b.prisoners {
		if row.stored {
			existing.prisoners[number] = row
		} else {
			created = append(created, row)
		}
	}
	if err := b.write(ctx, existing, nil); err != nil {
		return err
	}
	if err := b.copyPrisoners(ctx, created); err != nil {
		return err
	}
	if err := b.addKeys(ctx); err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, b.generation.SQL(moveSQL), moveArgs(b.prev, b.next)...); err != nil {
		return fmt.Errorf("move the checkpoint: %w", err)
	}
	if err := b.tx.Commit(ctx); err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	return nil
}

// copyPrisoners renders one part while Postgres takes the part before it.
func (b *bulkLoad) copyPrisoners(ctx context.Context, created []*prisonerRow) error {
	var writing errgroup.Group
	for part := range slices.Chunk(created, partEvents) {
		ready := prisonersForCopy(part, b.scratch())
		if err := writing.Wait(); err != nil {
			return err
		}
		writing.Go(func() error { return ready.into(ctx, b.tx, b.generation) })
	}
	return writing.Wait()
}
