package nomis

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/queries"
)

// Deliveries say which pairs have records that NOMIS does not have as they are.
// [queries.Reader] implements it. It may be behind the log.
type Deliveries interface {
	Pending(ctx context.Context, of queries.PendingRequest) ([]domain.Pair, error)
	PairsOnDays(ctx context.Context, first, last string, atLeast uint64) ([]domain.Pair, error)
}

// SweeperOptions are what a Sweeper depends on.
type SweeperOptions struct {
	Deliveries Deliveries
	Store      *store.Store
	Bell       Bell
	Clock      func() time.Time // in Europe/London
	Logger     *slog.Logger
	// After is how long a record may be pending before its pair is rung for, and before it
	// is rung for again.
	After time.Duration
}

// Sweeper rings for pairs that no message names: those with a record that has been
// pending for long, and at midnight in London those whose day has come. Several may run,
// in any process: a ring too many costs two reads. One goroutine owns it.
type Sweeper struct {
	SweeperOptions
	rung string    // the last day whose pairs were rung for
	last time.Time // when what is pending was rung for
}

// NewSweeper returns a Sweeper. It does nothing until Run.
func NewSweeper(options SweeperOptions) *Sweeper { return &Sweeper{SweeperOptions: options} }

// mostPause bounds the time between two sweeps, which is a third of After otherwise, so
// that midnight is not missed by long.
const mostPause = time.Minute

// Run sweeps until the context ends, and then returns nil. A sweep that fails is logged
// and done again.
func (s *Sweeper) Run(ctx context.Context) error {
	tick := time.NewTicker(min(max(s.After/3, time.Second), mostPause))
	defer tick.Stop()
	for {
		err := s.Sweep(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, queries.ErrNotCaughtUp):
			s.Logger.InfoContext(ctx, "sweep for pending records waits for the read model", "error", err)
		default:
			s.Logger.WarnContext(ctx, "sweep for pending records failed, retrying", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// sweepPage is how many pairs are rung for in one statement.
const sweepPage = 500

// Sweep rings once for what is pending, and on a new day for what has come since.
func (s *Sweeper) Sweep(ctx context.Context) error {
	now := s.Clock()
	today := domain.Today(now)
	for after := ""; ; {
		request := queries.PendingRequest{Before: now.Add(-s.After), Every: s.After, Today: today, After: after, Limit: sweepPage}
		if !s.last.IsZero() {
			request.Last = s.last.Add(-s.After)
		}
		pairs, err := s.Deliveries.Pending(ctx, request)
		if err != nil {
			return err
		}
		if err := s.ring(ctx, now, store.Swept, pairs); err != nil {
			return err
		}
		if len(pairs) < sweepPage {
			break
		}
		after = pairs[len(pairs)-1].String()
	}
	s.last = now
	return s.newDay(ctx, now, today)
}

// newDay rings for the pairs whose day has come, and for those whose open record in NOMIS
// does not count beside another one, which may have closed by its date. A process that
// starts rings for the day before too.
func (s *Sweeper) newDay(ctx context.Context, now time.Time, today string) error {
	if s.rung == today {
		return nil
	}
	first := s.rung
	if first == "" {
		first = domain.Today(now.AddDate(0, 0, -1))
	}
	pairs, err := s.Deliveries.PairsOnDays(ctx, first, today, 0)
	if err != nil {
		return err
	}
	beside, err := s.Store.PairsBesideAnother(ctx)
	if err != nil {
		return err
	}
	if err := s.ring(ctx, now, store.DayCame, append(pairs, beside...)); err != nil {
		return err
	}
	s.rung = today
	return nil
}

// ring rings for pairs, a page at a time.
func (s *Sweeper) ring(ctx context.Context, now time.Time, kind store.CauseKind, pairs []domain.Pair) error {
	for len(pairs) > 0 {
		page := pairs[:min(len(pairs), sweepPage)]
		pairs = pairs[len(page):]
		rings := make([]store.Ring, len(page))
		for i, pair := range page {
			rings[i] = store.Ring{Pair: pair, Cause: store.Cause{Kind: kind}}
		}
		if err := s.Bell.Ring(ctx, now, rings...); err != nil {
			return err
		}
	}
	return nil
}
