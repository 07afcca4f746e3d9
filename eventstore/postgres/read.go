package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
)

// columns are what a decoder decodes, in its order.
const columns = "position, stream, revision, id, type, data, metadata, recorded_at"

const (
	streamForwardsSQL  = "SELECT " + columns + " FROM eventstore.events WHERE stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3"
	streamBackwardsSQL = "SELECT " + columns + " FROM eventstore.events WHERE stream = $1 AND revision <= $2 ORDER BY revision DESC LIMIT $3"
	allForwardsSQL     = "SELECT " + columns + " FROM eventstore.events WHERE position >= $1 ORDER BY position LIMIT $2"
	allBackwardsSQL    = "SELECT " + columns + " FROM eventstore.events WHERE position < $1 ORDER BY position DESC LIMIT $2"
	existsSQL          = "SELECT EXISTS (SELECT FROM eventstore.events WHERE stream = $1)"
	// One index scan per name, whatever number of names the planner expects.
	manySQL = "SELECT " + columns + " FROM unnest($1::text[]) asked(name)" +
		" CROSS JOIN LATERAL (SELECT * FROM eventstore.events e WHERE e.stream = asked.name ORDER BY e.revision) found"
)

// groupStreams is the largest number of streams of one query.
const groupStreams = 512

// ReadStream implements eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	events, err := s.readStream(ctx, stream, direction, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	return events, nil
}

// readStream asks a second time when no events were found: a read after the end of a
// stream is no error, a stream that does not exist is one.
func (s *Store) readStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	query := streamForwardsSQL
	if direction == eventstore.Backwards {
		query = streamBackwardsSQL
	}
	events, err := s.query(ctx, query, stream, bigint(from), max(limit, 0))
	if err != nil || len(events) > 0 {
		return events, err
	}
	// No events: the revision is after the end, or the stream does not exist.
	exists, err := readWithRetry(ctx, s, func(ctx context.Context) (exists bool, err error) {
		err = s.reading.QueryRow(ctx, existsSQL, stream).Scan(&exists)
		return exists, err
	})
	if err == nil && !exists {
		err = eventstore.ErrStreamNotFound
	}
	return nil, err
}

// ReadMany implements eventstore.Store. Concurrent calls share one query.
func (s *Store) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	answers := make([]eventstore.Stream, len(streams))
	jobs, err := s.streams.do(ctx, streams)
	for i, name := range streams {
		failure := err
		if failure == nil {
			answers[i].Events = jobs[i].answer
			failure = mapError(ctx, jobs[i].err)
		}
		if failure != nil {
			answers[i] = eventstore.Stream{Err: fmt.Errorf("read %s: %w", name, failure)}
		}
	}
	return answers
}

// streamsFit limits a group to groupStreams names.
func streamsFit() func(string) bool {
	n := 0
	return func(string) bool {
		n++
		return n <= groupStreams
	}
}

// readGroup reads the whole streams of a group in one query. Requests for the same
// stream share its events.
func (s *Store) readGroup(ctx context.Context, group []string) ([][]eventstore.RecordedEvent, error) {
	asked := make(map[string][]eventstore.RecordedEvent, len(group))
	names := make([]string, 0, len(group))
	for _, name := range group {
		if _, known := asked[name]; !known {
			asked[name] = nil
			names = append(names, name)
		}
	}
	events, err := withReconnect(ctx, s, func(ctx context.Context) ([]eventstore.RecordedEvent, error) {
		return s.collect(ctx, manySQL, names)
	})
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		asked[event.Stream] = append(asked[event.Stream], event)
	}
	answers := make([][]eventstore.RecordedEvent, len(group))
	for i, name := range group {
		answers[i] = slices.Clip(asked[name]) // an append to a shared slice makes a copy
	}
	return answers, nil
}

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	query := allForwardsSQL
	if direction == eventstore.Backwards {
		query = allBackwardsSQL
	}
	events, err := s.query(ctx, query, firstNotBefore(from), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("read the whole log: %w", err)
	}
	return events, nil
}

// End implements eventstore.Store.
func (s *Store) End(ctx context.Context) (eventstore.Position, error) {
	last, err := s.readHead(ctx)
	if err != nil {
		return eventstore.Start, fmt.Errorf("read the end of the log: %w", err)
	}
	return positionAt(last), nil
}

// firstNotBefore returns the lowest number of an event at or after p. The event n has
// the position n/n.
func firstNotBefore(p eventstore.Position) int64 {
	if p.Prepare > p.Commit {
		return bigint(p.Commit + 1)
	}
	return bigint(p.Commit)
}

// firstAfter returns the lowest number of an event after p.
func firstAfter(p eventstore.Position) int64 {
	if p.Prepare < p.Commit {
		return bigint(p.Commit)
	}
	return bigint(p.Commit + 1)
}

// bigint caps n at the largest bigint of Postgres.
func bigint(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// query reads events for a caller, with a retry on a broken connection.
func (s *Store) query(ctx context.Context, query string, arguments ...any) ([]eventstore.RecordedEvent, error) {
	return readWithRetry(ctx, s, func(ctx context.Context) ([]eventstore.RecordedEvent, error) {
		return s.collect(ctx, query, arguments...)
	})
}

// collect runs one query and decodes its events.
func (s *Store) collect(ctx context.Context, query string, arguments ...any) ([]eventstore.RecordedEvent, error) {
	rows, err := s.reading.Query(ctx, query, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, arguments...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var decoder decoder
	for rows.Next() {
		if err := decoder.add(rows.FieldDescriptions(), rows.RawValues()); err != nil {
			return nil, err
		}
	}
	return decoder.events, rows.Err()
}
