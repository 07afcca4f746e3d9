package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/projections/generation"
)

// checkpoint is the position up to which the read model is built, and the log that
// the position belongs to. The zero checkpoint means that there are no tables.
type checkpoint struct {
	store    uuid.UUID // zero: there are no tables
	at       eventstore.Position
	last     event // the last of our events that was applied
	trail    eventstore.Trail
	counted  bool // trail is known; tables of an older build have none
	caughtUp bool
	shape    int    // of the build that wrote the tables
	renewals uint64 // how often single rows were renewed
}

// after returns the checkpoint that holds once a batch has been applied.
func (c checkpoint) after(batch consumer.Batch[*fact]) checkpoint {
	c.at = batch.Through
	for _, f := range batch.Events {
		c.last = eventOf(f)
		c.trail = c.trail.Add(c.last.id)
	}
	return c
}

// event identifies one event of one stream. The zero event means none.
type event struct {
	id       uuid.UUID
	stream   string
	revision uint64
}

func eventOf(f *fact) event { return event{f.ID, f.Stream, f.Revision} }

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const (
	// checkpointColumns goes through jsonb for the columns that tables and views of an
	// older build lack: a missing key is NULL, a missing column would be an error.
	checkpointColumns = `store_id, "commit", prepare, event_id, event_stream, event_revision,
	(to_jsonb(c) ->> 'facts')::bigint, (to_jsonb(c) ->> 'trail')::bytea, coalesce((to_jsonb(c) ->> 'shape')::int, 1),
	coalesce((to_jsonb(c) ->> 'renewals')::bigint, 0)`

	checkpointExistsSQL = `SELECT to_regclass('{schema}.checkpoint') IS NOT NULL`
	readCheckpointSQL   = `SELECT ` + checkpointColumns + `, caught_up FROM {schema}.checkpoint c WHERE name = $1`
	readPublishedSQL    = `SELECT ` + checkpointColumns + `, true, c.version FROM read.checkpoint c`
)

// readCheckpoint reads the checkpoint of a generation. It returns the zero checkpoint
// when the generation has no tables.
func readCheckpoint(ctx context.Context, db querier, g Generation) (checkpoint, error) {
	var exists bool
	if err := db.QueryRow(ctx, g.SQL(checkpointExistsSQL)).Scan(&exists); err != nil {
		return checkpoint{}, fmt.Errorf("look for the read model: %w", err)
	}
	if !exists {
		return checkpoint{}, nil
	}
	return scanCheckpoint(db.QueryRow(ctx, g.SQL(readCheckpointSQL), projection))
}

// readPublished reads the checkpoint that the views show, and the generation that
// they are on. It needs no more rights than a reader has. It returns the zero
// checkpoint when no generation answers yet.
func readPublished(ctx context.Context, db querier) (checkpoint, Generation, error) {
	var g Generation
	c, err := scanCheckpoint(db.QueryRow(ctx, readPublishedSQL), &g)
	if generation.ViewsAreMissing(err) {
		return checkpoint{}, 0, nil
	}
	return c, g, err
}

// scanCheckpoint reads checkpointColumns, caught_up, and what else was selected.
func scanCheckpoint(row pgx.Row, further ...any) (checkpoint, error) {
	var (
		c        checkpoint
		id       *uuid.UUID
		stream   *string
		revision *uint64
		facts    *uint64
		trail    []byte
	)
	columns := []any{&c.store, &c.at.Commit, &c.at.Prepare, &id, &stream, &revision, &facts, &trail, &c.shape, &c.renewals, &c.caughtUp}
	err := row.Scan(append(columns, further...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return checkpoint{}, nil
	}
	if err != nil {
		return checkpoint{}, fmt.Errorf("read the read model's checkpoint: %w", err)
	}
	if id != nil && stream != nil && revision != nil {
		c.last = event{*id, *stream, *revision}
	}
	if facts != nil {
		c.trail.Events, c.counted = *facts, true
		copy(c.trail.Sum[:], trail)
	}
	return c, nil
}

// moveSQL moves the checkpoint and is the fence of every transaction: the function
// raises an exception unless the checkpoint is still where this projector left it.
const moveSQL = `SELECT {schema}.move_checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// moveArgs returns the arguments of moveSQL for a move from prev to next. A move to
// the same position changes nothing, and fences all the same.
func moveArgs(prev, next checkpoint) []any {
	var (
		id       *uuid.UUID
		stream   *string
		revision *uint64
	)
	if next.last != (event{}) {
		id, stream, revision = &next.last.id, &next.last.stream, &next.last.revision
	}
	return []any{
		projection, prev.store, prev.at.Commit, prev.at.Prepare, next.at.Commit, next.at.Prepare,
		id, stream, revision, next.at.Uint64(), next.trail.Events, next.trail.Sum[:], prev.renewals,
	}
}
