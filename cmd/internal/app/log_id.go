package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/internal/pg"
	"nonassociations/projections"
)

// errOtherLog means that tables in Postgres and the log do not belong together. A
// process that went on would answer with an empty list where there is a danger to a
// life.
var errOtherLog = errors.New("these tables and this log do not belong together")

// boundTable is a table that stores the id of the log it was filled from.
type boundTable struct {
	table string
	id    uuid.UUID
}

// ensureLogID returns the id of the log. It gives one to a new log, but only when no
// table in Postgres names another: a log that lost its id was replaced. It retries
// through outages. Errors: the context's, and errOtherLog with both ids for the
// operator.
func ensureLogID(ctx context.Context, log eventstore.Store, dsn string, logger *slog.Logger) (uuid.UUID, error) {
	// One id for all tries: when the answer to a write is lost, the next try finds this
	// id in the log and knows that the write succeeded.
	offered := uuid.New()
	var id uuid.UUID
	err := retryUntilAnswered(ctx, logger, "log id not readable yet, retrying", func(ctx context.Context) error {
		var err error
		id, err = identifyOnce(ctx, log, dsn, offered)
		return err
	})
	return id, err
}

// retryUntilAnswered calls ask with exponential backoff until it succeeds. Each failure
// is logged as message. Errors: the context's, and errOtherLog.
func retryUntilAnswered(ctx context.Context, logger *slog.Logger, message string, ask func(context.Context) error) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 50*time.Millisecond, 2*time.Second
	for {
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := ask(once)
		cancel()
		if err == nil || errors.Is(err, errOtherLog) || ctx.Err() != nil {
			return err
		}
		wait := waits.NextBackOff()
		logger.WarnContext(ctx, message, "retry_in", wait, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// verifyReadModel fails when the read model shows an event that is not in the log. The
// id alone does not show that: a log restored to an earlier day keeps its id.
func verifyReadModel(ctx context.Context, log eventstore.Store, dsn string) error {
	err := projections.Guard(ctx, dsn, log)
	if errors.Is(err, consumer.ErrRefused) {
		return fmt.Errorf("%w: %w", errOtherLog, err)
	}
	return err
}

// identifyOnce is one try of ensureLogID. offered is the id for a new log; it is the
// same in all tries, so that a write whose answer was lost is recognised.
func identifyOnce(ctx context.Context, log eventstore.Store, dsn string, offered uuid.UUID) (uuid.UUID, error) {
	remembered, err := boundTables(ctx, dsn)
	if err != nil {
		return uuid.Nil, err
	}
	id, err := eventstore.ReadIdentity(ctx, log)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		// A table with an id means that there was a log before this one.
		if len(remembered) > 0 {
			return uuid.Nil, fmt.Errorf("%w: the log has no id, %s", errOtherLog, describe(remembered))
		}
		id, err = eventstore.WriteIdentity(ctx, log, offered)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("find the log's id: %w", err)
	}
	others := slices.DeleteFunc(remembered, func(c boundTable) bool { return c.id == id })
	if len(others) > 0 {
		return uuid.Nil, fmt.Errorf("%w: the log is %s, %s; to take this log over: %s", errOtherLog, id, describe(others), adoptCommand(id))
	}
	return id, nil
}

// describe lists the tables with the ids of their logs.
func describe(others []boundTable) string {
	var texts []string
	for _, other := range others {
		texts = append(texts, fmt.Sprintf("table %s is of log %s", other.table, other.id))
	}
	return strings.Join(texts, ", ")
}

// eventStore checks the log by reading its id: a small read with one right answer.
// Errors: *eventstore.Mismatch when another log answers.
func (p *process) eventStore(ctx context.Context) error {
	_, err := eventstore.ReadIdentity(ctx, p.log)
	return err
}

// boundTables returns every table that stores the id of a log. It searches the catalog
// for the column instead of a list in the code, so that a new table cannot be forgotten.
// Errors: *missingRights when a table cannot be read, since it may belong to another
// log.
func boundTables(ctx context.Context, dsn string) ([]boundTable, error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("ask which log the tables are of: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tables, err := tablesWithLogID(ctx, conn)
	if err != nil {
		return nil, err
	}
	var all []boundTable
	for _, table := range tables {
		rows, err := conn.Query(ctx, `SELECT DISTINCT store_id FROM `+table+` WHERE store_id IS NOT NULL`)
		if err != nil {
			return nil, fmt.Errorf("ask which log %s is of: %w", table, err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return nil, fmt.Errorf("ask which log %s is of: %w", table, err)
		}
		for _, id := range ids {
			all = append(all, boundTable{table, id})
		}
	}
	return all, nil
}
