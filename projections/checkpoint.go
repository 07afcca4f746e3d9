package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// checkpoint is where the read model is, and in which log.
type checkpoint struct {
	store    uuid.UUID // zero: the tables are not there yet
	at       eventstore.Position
	last     event // the last event of ours that was worked on
	trail    eventstore.Trail
	counted  bool // trail is known: not so in tables of an older build
	caughtUp bool
}

// behind is the checkpoint when the batch is done.
func (c checkpoint) behind(batch consumer.Batch[*fact]) checkpoint {
	c.at = batch.Through
	for _, f := range batch.Events {
		c.last = eventOf(f)
		c.trail = c.trail.Add(c.last.id)
	}
	return c
}

// event says which event of which stream; the zero event is none.
type event struct {
	id       uuid.UUID
	stream   string
	revision uint64
}

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// checkpointColumns can be read from tables and views of an older build too.
const checkpointColumns = `store_id, "commit", prepare, event_id, event_stream, event_revision,
	(to_jsonb(c) ->> 'facts')::bigint, (to_jsonb(c) ->> 'trail')::bytea`

// readCheckpoint is the zero checkpoint when there are no tables yet.
func readCheckpoint(ctx context.Context, db querier) (checkpoint, error) {
	var there bool
	if err := db.QueryRow(ctx, `SELECT to_regclass('read_1.checkpoint') IS NOT NULL`).Scan(&there); err != nil {
		return checkpoint{}, fmt.Errorf("look for the read model: %w", err)
	}
	if !there {
		return checkpoint{}, nil
	}
	return scanCheckpoint(db.QueryRow(ctx, `SELECT `+checkpointColumns+`, caught_up FROM read_1.checkpoint c WHERE name = $1`, projection))
}

// readShown is the checkpoint of the version that answers, as everybody who may
// read sees it; the zero checkpoint when none answers yet.
func readShown(ctx context.Context, db querier) (checkpoint, error) {
	shown, err := scanCheckpoint(db.QueryRow(ctx, `SELECT `+checkpointColumns+`, true FROM read.checkpoint c`))
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000" || refused.Code == "42703") {
		return checkpoint{}, nil // undefined table, schema; column: of an older build, whose projector will make it anew
	}
	return shown, err
}

func scanCheckpoint(row pgx.Row) (checkpoint, error) {
	var (
		c        checkpoint
		id       *uuid.UUID
		stream   *string
		revision *uint64
		facts    *uint64
		trail    []byte
	)
	err := row.Scan(&c.store, &c.at.Commit, &c.at.Prepare, &id, &stream, &revision, &facts, &trail, &c.caughtUp)
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

const moveSQL = `SELECT read_1.move_checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// moveArgs are the arguments of moveSQL: from where it was to where it will be.
func moveArgs(was, now checkpoint) []any {
	var (
		id       *uuid.UUID
		stream   *string
		revision *uint64
	)
	if now.last != (event{}) {
		id, stream, revision = &now.last.id, &now.last.stream, &now.last.revision
	}
	return []any{
		projection, was.store, was.at.Commit, was.at.Prepare, now.at.Commit, now.at.Prepare,
		id, stream, revision, now.at.Uint64(), now.trail.Events, now.trail.Sum[:],
	}
}
