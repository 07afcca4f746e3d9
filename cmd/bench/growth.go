package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
)

// measureGrowth measures the same work at several sizes of the log, each in a database of
// its own. A log of one fact comes first: what a process needs for it is its start, and is
// taken off the others.
func measureGrowth(ctx context.Context, s *harness) (table, error) {
	idle, err := s.grown(ctx, 1)
	if err != nil {
		return table{}, err
	}
	var curves []curve
	for _, facts := range s.Facts {
		at, err := s.grown(ctx, facts)
		if err != nil {
			return table{}, fmt.Errorf("at %s facts: %w", thousands(facts), err)
		}
		curves = addPoints(curves, at.curves(idle))
	}
	return table{curves: curves}, nil
}

// addPoints adds the points of one size to the curves of the sizes before it.
func addPoints(curves, at []curve) []curve {
	if curves == nil {
		return at
	}
	for i := range curves {
		curves[i].points = append(curves[i].points, at[i].points...)
	}
	return curves
}

// grown is what was measured at one size of the log.
type grown struct {
	facts       int
	read, write measurement
	replay      worked
	verify      *worked          // nil where the binary has no verification of the log
	serving     int              // memory in use by the service behind the reads, in KiB
	bytes       map[string]int64 // of each schema
}

// grown fills a log of its own and measures the work over it. Reads come first and writes
// last, because writes add facts.
func (s *harness) grown(ctx context.Context, facts int) (g grown, err error) {
	g.facts = facts
	where, err := s.storedFacts(ctx, "growth-"+strconv.Itoa(facts))
	if err != nil {
		return g, err
	}
	first := s.next.Load()
	if err = s.storeFacts(ctx, where.databaseURL, facts); err != nil {
		return g, err
	}
	if err = s.catchUp(ctx, where); err != nil {
		return g, err
	}
	if g.read, err = s.warmRound(ctx, s.getWorkload(s.address, numbersOf(first, s.next.Load()))); err != nil {
		return g, err
	}
	if g.serving, err = memoryInUse(s.service.command.Process.Pid); err != nil {
		return g, err
	}
	if err = s.stopService(); err != nil {
		return g, err
	}
	db, err := pgx.Connect(ctx, where.databaseURL)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	if g.replay, err = s.replay(ctx, where, db); err != nil {
		return g, err
	}
	if g.verify, err = s.verifyGrown(ctx, where, db); err != nil {
		return g, err
	}
	if g.bytes, err = sizesOf(ctx, db); err != nil {
		return g, err
	}
	if err = s.serve(ctx, where); err != nil {
		return g, err
	}
	g.write, err = s.warmRound(ctx, s.syncWorkload(s.Connections))
	return g, err
}

// verifyGrown signs the log of an installation and verifies it.
func (s *harness) verifyGrown(ctx context.Context, where installation, db *pgx.Conn) (*worked, error) {
	_, err := s.sign(ctx, where, db)
	var m worked
	if err == nil {
		m, err = s.verifyLog(ctx, where)
	}
	if errors.Is(err, errLacks) {
		return nil, nil //nolint:nilnil // as the field says
	}
	return &m, err
}

// warmRound runs a quarter of a round that does not count, and a round.
func (s *harness) warmRound(ctx context.Context, work workload) (measurement, error) {
	if _, err := s.round(ctx, work, s.Round/4); err != nil {
		return measurement{}, err
	}
	defer func() { s.lags, _ = nil, s.busy.Swap(0) }()
	return s.round(ctx, work, s.Round)
}

// numbersOf returns the first prisoner of each pair that newPair gave out between two
// readings of the counter.
func numbersOf(first, last uint64) []domain.PrisonerNumber {
	var numbers []domain.PrisonerNumber
	for i := first + 1; i <= last; i++ {
		numbers = append(numbers, estate.Number(i/2))
	}
	return numbers
}

// sizesOf returns the bytes of each schema with its indexes. The generations of the read
// model count together, as "read".
func sizesOf(ctx context.Context, db *pgx.Conn) (map[string]int64, error) {
	rows, err := db.Query(ctx, `SELECT regexp_replace(n.nspname, '^read_.*', 'read') AS part, sum(pg_total_relation_size(c.oid))::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') GROUP BY part`)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	var part string
	var bytes int64
	_, err = pgx.ForEachRow(rows, []any{&part, &bytes}, func() error {
		sizes[part] = bytes
		return nil
	})
	return sizes, err
}

// bytesOf returns the bytes of one schema of a database, 0 where it does not exist.
func bytesOf(ctx context.Context, dsn, schema string) (int64, error) {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	sizes, err := sizesOf(ctx, db)
	return sizes[schema], errors.Join(err, db.Close(ctx))
}

// curves returns one point of each curve. idle is a log of one fact.
func (g grown) curves(idle grown) []curve {
	point := func(name, what, unit string, value float64) curve {
		return curve{name: name, what: what, unit: unit, points: []reportPoint{{g.facts, value}}, limit: flat}
	}
	timed := func(name, what, of string, m measurement) []curve {
		each := func(seconds float64) float64 { return 1e6 * seconds / float64(max(1, m.count)) }
		return []curve{
			point(name+" time", what, "µs "+of, each(m.seconds)),
			point(name+" cpu", what+", service", "CPU µs "+of, each(m.cpu.service)),
			point(name+" postgres", what+", Postgres", "CPU µs "+of, each(m.cpu.postgres)),
		}
	}
	var all []curve
	all = append(all, timed("read", "read: GET one list", "each", g.read)...)
	all = append(all, point("read memory", "read: the service behind the reads", "MB in use", float64(g.serving)/1024))
	all = append(all, timed("write", "write: POST /sync, a new pair", "each", g.write)...)
	all = append(all, timed("replay", "replay: the log into an empty read model", "a fact", g.replay.less(idle.replay))...)
	all = append(all, point("replay memory", "replay: the projector", "MB peak", float64(g.replay.peak)/1024))
	if g.verify != nil && idle.verify != nil {
		all = append(all, timed("verify", "verify log: every fact", "a fact", g.verify.less(*idle.verify))...)
		all = append(all, point("verify memory", "verify log", "MB peak", float64(g.verify.peak)/1024))
		all = append(all, point("leaf bytes", "size: leaves and heads with their indexes", bytesAFact, float64(g.bytes["evidence"])/float64(g.facts)))
	}
	for _, part := range []struct{ name, schema, what string }{{"log bytes", "eventstore", "the log"}, {"read model bytes", "read", "the read model"}} {
		all = append(all, point(part.name, "size: "+part.what+" with its indexes", bytesAFact, float64(g.bytes[part.schema])/float64(g.facts)))
	}
	return all
}

// less takes the work of a start off a measurement. Memory is not taken off.
func (m worked) less(start worked) measurement {
	return measurement{m.count - start.count, m.seconds - start.seconds, m.cpu.minus(start.cpu)}
}
