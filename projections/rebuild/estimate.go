package rebuild

import (
	"context"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/projections/generation"
)

// What a second of work does, measured on a small machine. The estimate is on the safe
// side.
const (
	factsPerSecond = 25_000
	rowsPerSecond  = 500_000 // of both generations, while they are compared
)

// Estimate says what Run would take, and changes nothing. Status is Would.
func Estimate(ctx context.Context, o Options) (Report, error) {
	s, err := open(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer s.close()
	if err := s.look(ctx); err != nil {
		return Report{}, err
	}
	next, _ := s.choose()
	expected, err := s.estimate(ctx)
	if err != nil {
		return Report{}, err
	}
	return Report{
		Status: Would, From: number(s.live.Number), To: number(next), Shape: generation.Shape, Position: s.live.At.Uint64(), Facts: s.expects,
		Seconds: s.seconds(), Tables: []TableReport{}, Differences: []Difference{}, Expected: &expected,
	}, nil
}

// estimate takes the rows and bytes of the generation that answers. Where none does, it
// goes by the number of facts, if the log can count them.
func (s *session) estimate(ctx context.Context) (e Expected, err error) {
	if s.live.Number == 0 {
		if counter, is := s.Store.(eventstore.Counter); is {
			const last = 1<<63 - 1
			if count, known, err := counter.Count(ctx, eventstore.Position{Commit: last, Prepare: last}, domain.StreamPrefixes()); err == nil && known {
				s.expects = count
			}
		}
		e = byFacts(s.expects)
	}
	for _, t := range generation.Tables {
		if s.live.Number == 0 {
			break
		}
		var rows, bytes uint64
		name := s.live.Number.Schema() + "." + t.Name
		if err := s.conn.QueryRow(ctx, `SELECT count(*), pg_total_relation_size($1::text::regclass) FROM `+name, name).Scan(&rows, &bytes); err != nil {
			return e, fmt.Errorf("estimate a rebuild: %w", err)
		}
		e.Rows, e.Bytes = e.Rows+rows, e.Bytes+bytes
	}
	e.Seconds = secondsOf(s.expects, e.Rows)
	return e, nil
}

// byFacts expects what a usual log gives. It needs no right to read the tables.
func byFacts(facts uint64) Expected {
	const rowsPerFact, bytesPerFact = 3, 2000
	rows := facts * rowsPerFact
	return Expected{Rows: rows, Bytes: facts * bytesPerFact, Seconds: secondsOf(facts, rows)}
}

func secondsOf(facts, rows uint64) float64 {
	return 0.5 + float64(facts)/factsPerSecond + 2*float64(rows)/rowsPerSecond
}
