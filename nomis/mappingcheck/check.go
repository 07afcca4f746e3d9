package mappingcheck

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
)

// Theirs is the other side of the comparison. Its methods other than Pairs may be called
// by several goroutines at once.
type Theirs interface {
	// Pairs calls add for every pair that is there. One may come several times.
	Pairs(ctx context.Context, add func(domain.Pair)) error
	// Rows returns both mirrors of a pair, which may be empty. [ErrPairUnread] says that
	// only this pair cannot be read, and any other error that nothing can.
	Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error)
	// Changes reports whether it may change while it is read.
	Changes() bool
}

// ErrPairUnread is the error of a pair that cannot be read while others can.
var ErrPairUnread = errors.New("NOMIS does not give the rows of the pair")

// Stage is what a check is doing.
type Stage string

// The stages of a check.
const (
	ReadingLog   Stage = "reading the pairs of the log" // counted in facts
	ListingNOMIS Stage = "listing the pairs of NOMIS"
	Comparing    Stage = "comparing pairs"
)

// Options of a check. Log, Theirs, Found and Wait must be set.
type Options struct {
	Log    *audit.Reader
	Theirs Theirs
	// At is the time as of which the log counts; zero: each pair when it is read.
	At       time.Time
	InFlight int // the most pairs that are read at once; 8 when zero
	// Found receives every difference, sorted by pair, sequence and field. Unread receives
	// the pairs that could not be compared. An error of Found ends the check.
	Found  func(audit.MappingDifference) error
	Unread func(pair domain.Pair, err error)
	// Progress receives how much of a stage is done; of is 0 where that is not known.
	Progress func(stage Stage, done, of int)
	// Wait waits before pairs that differ are read again, and returns the context's error.
	Wait func(context.Context, time.Duration) error
}

// Result counts what a check did.
type Result struct {
	Pairs       int // that were compared
	Unread      int // that could not be
	Differences int
}

// batch is how many pairs are in memory at once.
const batch = 64

// pause is the time before pairs that differ are read again: what was on its way between
// the two systems has then arrived.
const pause = time.Second

// Run compares all pairs of both sides. Memory holds 14 bytes a pair, and the facts and
// rows of one batch. Differences that were found before an error were given to Found.
// Errors: those of the log, of Theirs, of Found and of the context.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.InFlight == 0 {
		o.InFlight = 8
	}
	if o.Unread == nil {
		o.Unread = func(domain.Pair, error) {}
	}
	if o.Progress == nil {
		o.Progress = func(Stage, int, int) {}
	}
	c := check{Options: o}
	if err := c.list(ctx); err != nil {
		return c.result, err
	}
	var next []domain.Pair
	for pair := range c.pairs.All() {
		if next = append(next, pair); len(next) < batch {
			continue
		}
		if err := c.batch(ctx, next); err != nil {
			return c.result, err
		}
		next = next[:0]
	}
	return c.result, c.batch(ctx, next)
}

// check is one run.
type check struct {
	Options

	pairs  audit.Pairs
	result Result
}

// list finds the pairs of both sides.
func (c *check) list(ctx context.Context) error {
	err := c.Log.AddPairs(ctx, &c.pairs, func(facts int) { c.Progress(ReadingLog, facts, 0) })
	if err != nil {
		return err
	}
	listed := 0
	return c.Theirs.Pairs(ctx, func(pair domain.Pair) {
		c.pairs.Add(pair)
		if listed++; listed%100 == 0 {
			c.Progress(ListingNOMIS, listed, 0)
		}
	})
}

// outcome is that of one pair.
type outcome struct {
	differences []audit.MappingDifference
	unread      error
}

// batch compares some pairs and tells of them in their order.
func (c *check) batch(ctx context.Context, pairs []domain.Pair) error {
	if len(pairs) == 0 {
		return nil
	}
	outcomes, err := c.compare(ctx, pairs)
	if err == nil && c.Theirs.Changes() {
		err = c.again(ctx, pairs, outcomes)
	}
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if o.unread != nil {
			c.result.Unread++
			c.Unread(pairs[i], o.unread)
			continue
		}
		c.result.Pairs++
		for _, d := range o.differences {
			c.result.Differences++
			if err := c.Found(d); err != nil {
				return fmt.Errorf("tell of a difference: %w", err)
			}
		}
	}
	c.Progress(Comparing, c.result.Pairs+c.result.Unread, c.pairs.Len())
	return nil
}

// again reads the pairs that differ once more, both sides, and replaces their outcomes.
func (c *check) again(ctx context.Context, pairs []domain.Pair, outcomes []outcome) error {
	var differ []domain.Pair
	var at []int // in the batch
	for i, o := range outcomes {
		if len(o.differences) > 0 {
			differ, at = append(differ, pairs[i]), append(at, i)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	if err := c.Wait(ctx, pause); err != nil {
		return err
	}
	second, err := c.compare(ctx, differ)
	if err != nil {
		return err
	}
	for i, o := range second {
		outcomes[at[i]] = o
	}
	return nil
}

// compare reads both sides of some pairs, the log first: what NOMIS has later is read
// again.
func (c *check) compare(ctx context.Context, pairs []domain.Pair) ([]outcome, error) {
	held, err := c.Log.HeldByNOMIS(ctx, pairs, c.At)
	if err != nil {
		return nil, err
	}
	outcomes := make([]outcome, len(pairs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.InFlight)
	for i, pair := range pairs {
		group.Go(func() error {
			rows, err := c.Theirs.Rows(ctx, pair)
			switch {
			case errors.Is(err, npa.ErrPrisonerUnknown): // it holds nothing of the two
			case errors.Is(err, ErrPairUnread):
				outcomes[i].unread = err
				return nil
			case err != nil:
				return err
			}
			outcomes[i].differences = audit.CompareMapping(pair, held[i], inNOMIS(pair, rows))
			return nil
		})
	}
	return outcomes, group.Wait()
}

// inNOMIS reads both mirrors as values of the comparison.
func inNOMIS(pair domain.Pair, rows mirror.Rows) []audit.InNOMIS {
	var all []audit.InNOMIS
	for _, d := range mirror.Details(pair, rows) {
		one := audit.InNOMIS{Detail: d.Detail, Missing: d.Missing, NotHoldable: d.NotHoldable}
		for _, differ := range d.Disagreements {
			one.Disagreements = append(one.Disagreements, audit.Disagreement{
				Field: domain.DetailField(differ.Field), Forwards: differ.Forwards, Backwards: differ.Backwards,
			})
		}
		all = append(all, one)
	}
	return all
}
