package rebuild

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/projections"
	"nonassociations/projections/generation"
)

// Run builds the next generation beside the one that answers, compares the two where
// both have the shape of this build, and flips. Status is Flipped, or Differs when the
// rows that answer differ from the log and Accept is not set: then nothing was flipped.
// After an error, too, the generation that answered answers, and what was built is
// taken up by the next Run.
func Run(ctx context.Context, o Options) (Report, error) {
	s, err := open(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer s.close()
	if err := s.look(ctx); err != nil {
		return Report{}, err
	}
	next, others := s.choose()
	b, err := s.begin(ctx, next)
	if err != nil {
		return Report{}, err
	}
	report := Report{From: number(s.live.Number), To: number(next), Shape: generation.Shape, Tables: []TableReport{}, Differences: []Difference{}}
	found, err := s.buildAndCompare(ctx, b, next)
	if err != nil {
		return Report{}, err
	}
	report.Tables, report.Differences, report.Total = found.tables(), append(report.Differences, found.differences...), found.total
	if found.total > 0 && !s.Accept {
		report.Status = Differs
	} else {
		report.Status = Flipped
		if err := s.flip(ctx, b, next, others); err != nil {
			return Report{}, err
		}
	}
	return s.filled(report, b), nil
}

// filled adds what the building knows.
func (s *session) filled(r Report, b *projections.Building) Report {
	r.Position, r.Facts, r.Seconds = b.At().Uint64(), b.Trail().Events, s.seconds()
	return r
}

// number is nil for none.
func number(n generation.Number) *int {
	if n == 0 {
		return nil
	}
	i := int(n)
	return &i
}

// choose returns the generation to build and those that are dropped with the flip. A
// part that an earlier rebuild has left is taken up.
func (s *session) choose() (next generation.Number, others []generation.Number) {
	highest := generation.Number(0)
	for _, found := range s.all {
		highest = max(highest, found.Number)
		if found.Number == s.live.Number {
			continue
		}
		others = append(others, found.Number)
		isPart := !found.Kept && !found.Answers && found.Number > s.live.Number
		if isPart && found.Shape == generation.Shape && found.Store == s.log && s.live.Number != 0 {
			next = found.Number
		}
	}
	if next == 0 {
		return highest + 1, others
	}
	rest := others[:0]
	for _, n := range others {
		if n != next {
			rest = append(rest, n)
		}
	}
	return next, rest
}

// begin prepares to build a generation. A part that is ahead of the one that answers
// could not be compared with it, and is begun again.
func (s *session) begin(ctx context.Context, next generation.Number) (*projections.Building, error) {
	s.say("build")
	b, err := s.build(ctx, next)
	if err != nil || s.live.Number == 0 || !s.live.At.Before(b.At()) {
		return b, err
	}
	if err := pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		return errors.Join(generation.AsOwner(ctx, tx), generation.Drop(ctx, tx, next))
	}); err != nil {
		return nil, err
	}
	return s.build(ctx, next)
}

// fewFacts is what may be left for a transaction in which others wait.
const fewFacts = 2000

// buildAndCompare builds up to the position of the generation that answers and compares
// there. Where none answers, or one of another shape, it builds up to the end.
func (s *session) buildAndCompare(ctx context.Context, b *projections.Building, next generation.Number) (found compared, err error) {
	canCompare := s.live.Number != 0 && s.live.Shape == generation.Shape
	for {
		var to *eventstore.Position
		if canCompare {
			to = &s.live.At
		}
		if err := b.Through(ctx, to); err != nil {
			return compared{}, err
		}
		if !canCompare || s.live.Facts < b.Trail().Events+fewFacts {
			if err := s.look(ctx); err != nil {
				return compared{}, err
			}
			break
		}
		if err := s.look(ctx); err != nil {
			return compared{}, err
		}
	}
	s.say("index")
	if err := b.Index(ctx); err != nil {
		return compared{}, err
	}
	s.say("compare")
	with := comparing{built: next, limit: s.Limit, show: s.ShowValues}
	if canCompare {
		with.live = s.live.Number.Schema()
	}
	committed := func() {}
	err = s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		if canCompare {
			if committed, err = s.toLive(ctx, tx, b); err != nil {
				return err
			}
		}
		found, err = with.compare(ctx, tx)
		return err
	})
	if err == nil {
		committed()
	}
	return found, err
}

// toLive brings a generation to the very checkpoint that the one that answers has in the
// snapshot of the transaction.
func (s *session) toLive(ctx context.Context, tx pgx.Tx, b *projections.Building) (committed func(), err error) {
	all, err := generation.All(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, found := range all {
		if found.Number == s.live.Number {
			return b.ThroughIn(ctx, tx, found.At)
		}
	}
	return nil, generation.ErrGone
}

// flipPauses are how long a flip leaves the readers alone before it is tried again: about
// 100 ms at first, and about 3 s in the end. A long answer that is still being sent holds its lock, and
// each try holds up all new reads.
func flipPauses() *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 100*time.Millisecond, 3*time.Second
	return pauses
}

// flip catches up and lets the generation next answer. It tries until it succeeds: while
// others hold a lock it waits for it no longer than 200 ms.
func (s *session) flip(ctx context.Context, b *projections.Building, next generation.Number, others []generation.Number) error {
	s.stage = "catch up"
	if err := b.Through(ctx, nil); err != nil {
		return err
	}
	s.say("flip")
	pauses := flipPauses()
	for {
		behind, err := s.tryFlip(ctx, b, next, others)
		switch {
		case err == nil && behind == nil:
			return nil
		case err == nil:
			if err := b.Through(ctx, behind); err != nil {
				return err
			}
			pauses.Reset()
			continue
		case !generation.IsLocked(err):
			return fmt.Errorf("let the new generation answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pauses.NextBackOff()):
		}
	}
}

// tryFlip flips in one transaction. It returns the position of the generation that
// answers, and does nothing, when next is far behind it.
func (s *session) tryFlip(ctx context.Context, b *projections.Building, next generation.Number, others []generation.Number) (behind *eventstore.Position, err error) {
	committed := func() {}
	errBehind := errors.New("far behind")
	err = pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = on`); err != nil {
			return err
		}
		answers, _, err := generation.Published(ctx, tx)
		if err != nil {
			return err
		}
		if answers != s.live.Number {
			return generation.ErrGone
		}
		position := b.At()
		if answers != 0 {
			live, err := generation.Lock(ctx, tx, answers)
			if err != nil {
				return err
			}
			if live.Facts > b.Trail().Events+fewFacts {
				behind = &live.At
				return errBehind
			}
			if committed, position, err = s.reach(ctx, tx, b, live); err != nil {
				return err
			}
		}
		return s.replace(ctx, tx, next, others, position)
	})
	if errors.Is(err, errBehind) {
		return behind, nil
	}
	if err = s.outcome(ctx, next, err); err == nil {
		committed()
	}
	return nil, err
}

// reach brings a generation to the one that answers, whose checkpoint is held, and
// returns the later of their positions.
func (s *session) reach(ctx context.Context, tx pgx.Tx, b *projections.Building, live generation.State) (committed func(), at eventstore.Position, err error) {
	at = b.At()
	if committed, err = b.ThroughIn(ctx, tx, live.At); err != nil {
		return func() {}, at, err
	}
	if at.Before(live.At) {
		at = live.At
	}
	return committed, at, generation.Upgrade(ctx, tx, live.Number)
}

// replace is the end of the transaction of a flip.
func (s *session) replace(ctx context.Context, tx pgx.Tx, next generation.Number, others []generation.Number, at eventstore.Position) error {
	if err := generation.Flip(ctx, tx, s.live.Number, next, at.Uint64()); err != nil {
		return err
	}
	for _, other := range others {
		if err := generation.Drop(ctx, tx, other); err != nil {
			return err
		}
	}
	return nil
}

// tables is the comparison as a report shows it.
func (c compared) tables() []TableReport {
	all := []TableReport{}
	for i, t := range generation.Tables {
		one := TableReport{Table: t.Name, Rows: c.built[i].Rows, Digest: c.built[i].String()}
		if c.live != nil {
			digest, same := c.live[i].String(), c.same(i)
			one.LiveDigest, one.Same = &digest, &same
		}
		all = append(all, one)
	}
	return all
}
