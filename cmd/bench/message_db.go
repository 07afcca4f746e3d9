package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// measureMessageDB appends one event to a new stream a turn: our log in Postgres beside
// message-db, another event store in Postgres, in the same database. The row is
// information. Where message-db is not installed the row says so.
func measureMessageDB(ctx context.Context, s *harness) (row, error) {
	r := row{
		what:   fmt.Sprintf("message-db: our log's append of one event, %d at once", s.Connections),
		beside: fmt.Sprintf("message-db's write_message of the same event, %d connections", s.Connections),
	}
	files, err := messageDBFiles(s.Peers)
	if errors.Is(err, fs.ErrNotExist) {
		r.missing = "`make peers` installs message-db"
		return r, nil
	}
	if err != nil {
		return row{}, err
	}
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return row{}, err
	}
	if err := s.rawTable(ctx); err != nil {
		return row{}, err
	}
	dsn, err := s.newDatabase(ctx)
	if err != nil {
		return row{}, err
	}
	if err := installMessageDB(ctx, dsn, files); err != nil {
		return row{}, err
	}
	if err := postgres.Migrate(ctx, dsn); err != nil {
		return row{}, err
	}
	log, err := postgres.Open(ctx, dsn, postgres.Options{})
	if err != nil {
		return row{}, err
	}
	defer log.Close(context.WithoutCancel(ctx))
	oneCategory := func(one, other string) string { return domain.StreamPrefix + one + "_" + other }
	d, err := s.compare(ctx, s.appendToLog(log), s.writeMessages(dsn, oneCategory))
	if err != nil {
		return row{}, err
	}
	spread, err := s.round(ctx, s.writeMessages(dsn, func(one, other string) string { return "bench" + one + "-" + other }), s.Round)
	if err != nil {
		return row{}, err
	}
	measured, baseline, ratio := d.rates()
	r.measured, r.baseline, r.ratio, r.results = rate(measured), rate(baseline), ratio, d.results()
	r.note = fmt.Sprintf("message-db: %s (here the load is our log); message-db takes one writer at a time of a category, as our streams are; with a category a stream it makes %s",
		d.describeCPU(""), rate(spread.rate()))
	return r, nil
}

// messageDBFiles returns the SQL of the installed message-db in the order in which its own
// script runs it. The role and the views are not needed here, nor is pgcrypto since
// PostgreSQL 13. Errors: fs.ErrNotExist when it is not installed.
func messageDBFiles(folder string) ([]string, error) {
	base := filepath.Join(folder, "node_modules", "@eventide", "message-db", "database")
	var sql []string
	for _, name := range []string{
		"schema/message-store", "tables/messages", "types/message",
		"functions/message-store-version", "functions/hash-64", "functions/acquire-lock", "functions/category", "functions/is-category",
		"functions/id", "functions/cardinal-id", "functions/stream-version", "functions/write-message",
		"indexes/messages-id", "indexes/messages-stream", "indexes/messages-category",
	} {
		text, err := os.ReadFile(filepath.Join(base, filepath.FromSlash(name)+".sql")) //nolint:gosec // the folder that the caller names
		if err != nil {
			return nil, err
		}
		sql = append(sql, string(text))
	}
	return sql, nil
}

// inMessageDB opens a connection that finds message-db's functions, as its clients do.
func inMessageDB(ctx context.Context, dsn string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = "message_store, public"
	return pgx.ConnectConfig(ctx, config)
}

// installMessageDB runs the SQL.
func installMessageDB(ctx context.Context, dsn string, files []string) error {
	conn, err := inMessageDB(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, strings.Join(files, "\n"))
	if err != nil {
		err = fmt.Errorf("install message-db: %w", err)
	}
	return errors.Join(err, conn.Close(ctx))
}

// appendToLog appends one event of the sample's size to a new stream a turn. The store
// makes one transaction of what is under way.
func (s *harness) appendToLog(log eventstore.Store) workload {
	return s.workersOf(func(ctx context.Context) (func() (int, error), func(), error) {
		turn := func() (int, error) {
			one, other := s.newPair()
			_, err := log.Append(ctx, eventstore.Append{
				Stream: domain.StreamPrefix + one + "_" + other, Expected: eventstore.NoStream,
				Events: []eventstore.Event{{ID: uuid.New(), Type: s.sample.eventType, Data: s.sample.data, Metadata: s.sample.metadata}},
			})
			return 1, err
		}
		return turn, func() {}, nil
	})
}

// writeMessages writes the same event by write_message, each worker on its own connection.
// stream names the stream of a pair.
func (s *harness) writeMessages(dsn string, stream func(one, other string) string) workload {
	return s.workersOf(func(ctx context.Context) (func() (int, error), func(), error) {
		conn, err := inMessageDB(ctx, dsn)
		if err != nil {
			return nil, nil, err
		}
		turn := func() (int, error) {
			one, other := s.newPair()
			_, err := conn.Exec(ctx, "SELECT write_message($1, $2, $3, $4::jsonb, $5::jsonb, -1)",
				uuid.NewString(), stream(one, other), s.sample.eventType, string(s.sample.data), string(s.sample.metadata))
			return 1, err
		}
		return turn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
	})
}

// workersOf returns the workload of Connections workers.
func (s *harness) workersOf(prepare worker) workload {
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, s.Connections, d, prepare)
	}
}
