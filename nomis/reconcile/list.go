package reconcile

import (
	"context"
	"errors"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
)

const (
	pageSize   = 1000 // of pairs, the most that NOMIS gives
	mostSweeps = 5
	pageTries  = 5
)

// Why a pair that NOMIS lists is unchecked.
const (
	pageUnread   = "A page of NOMIS's pairs could not be read."
	numbersWrong = "NOMIS lists a pair whose numbers are no prisoner numbers."
)

// list finds the pairs of the run. One that is cut off begins anew, and finds what it has
// found already.
func (w *worker) list(ctx context.Context) error {
	began := w.Clock()
	counts, err := w.listed(ctx)
	if err != nil {
		return err
	}
	w.run.Listed = true
	return w.progress(ctx, store.Progress{Counts: counts, Listed: true, Seconds: w.Clock().Sub(began).Seconds()})
}

// listed adds the pairs of the run's scope, and counts what could not be listed. Before
// the first run everything was touched.
func (w *worker) listed(ctx context.Context) (store.Counts, error) {
	if w.run.Scope == store.ScopeTouched {
		last, err := w.Store.LastCompleted(ctx)
		if err == nil {
			return store.Counts{}, w.touched(ctx, last)
		}
		if !errors.Is(err, store.ErrNoReconciliation) {
			return store.Counts{}, err
		}
	}
	s := &sweeper{worker: w}
	for range mostSweeps {
		if err := s.sweep(ctx); err != nil {
			return store.Counts{}, err
		}
		if s.fresh == 0 && s.unread == 0 {
			break
		}
	}
	if err := w.ours(ctx); err != nil {
		return store.Counts{}, err
	}
	return s.unlisted(ctx)
}

// ours adds the pairs of the record, by key: what is only here is never found from totals.
func (w *worker) ours(ctx context.Context) error {
	for after := (domain.Pair{}); ; {
		pairs, err := w.Pairs.AllPairs(ctx, after, pageSize, w.run.Position)
		if err != nil || len(pairs) == 0 {
			return err
		}
		if _, err := w.Store.AddPairs(ctx, w.run.ID, w.run.StartedAt, false, pairs); err != nil {
			return err
		}
		after = pairs[len(pairs)-1]
	}
}

// touched adds the pairs that either side changed since an earlier run began: those that
// have newer facts, and those of which a message of NOMIS came.
func (w *worker) touched(ctx context.Context, last store.Run) error {
	if err := w.Store.TouchedPairs(ctx, w.run.ID, last.StartedAt); err != nil {
		return err
	}
	var pairs []domain.Pair
	add := func() error {
		_, err := w.Store.AddPairs(ctx, w.run.ID, w.run.StartedAt, false, pairs)
		pairs = nil
		return err
	}
	err := w.Feed.Feed(ctx, audit.Feed{From: last.Position, Line: func(e audit.Entry) error {
		if e.Fact.Pair == (domain.Pair{}) {
			return nil // of a prisoner or of the switch-over
		}
		if pairs = append(pairs, e.Fact.Pair); len(pairs) < pageSize {
			return nil
		}
		return add()
	}})
	if err != nil {
		return err
	}
	return add()
}

// sweeper lists the pairs of NOMIS. The order of its pages is NOMIS's own and may change
// between two of them, so that only a sweep without news shows that none is missing.
type sweeper struct {
	*worker
	fresh  int             // pairs that were new in the last sweep
	unread int             // pages of the last sweep that could not be read
	total  int             // pairs that NOMIS counts
	wrong  map[string]bool // pairs whose numbers are none
}

// sweep reads all pages once.
func (s *sweeper) sweep(ctx context.Context) error {
	s.fresh, s.unread = 0, 0
	for number := 0; ; number++ {
		page, err := s.page(ctx, number)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if s.unread++; (number+1)*pageSize >= s.total {
				return nil
			}
			continue
		}
		s.total = max(s.total, page.Total)
		if len(page.Pairs) == 0 {
			return nil
		}
		fresh, err := s.Store.AddPairs(ctx, s.run.ID, s.run.StartedAt, true, s.canonical(page))
		if err != nil {
			return err
		}
		s.fresh += fresh
	}
}

// page reads a page, several times when it cannot be read.
func (s *sweeper) page(ctx context.Context, number int) (npa.Page, error) {
	for try := 1; ; try++ {
		page, err := s.client.IDs(ctx, number, pageSize)
		if err == nil || try == pageTries || errors.Is(err, npa.ErrDenied) {
			return page, err
		}
		if err := s.Wait(ctx, betweenReads*time.Duration(try)); err != nil {
			return npa.Page{}, err
		}
	}
}

// canonical returns the pairs of a page, and notes those whose numbers are none.
func (s *sweeper) canonical(page npa.Page) []domain.Pair {
	var pairs []domain.Pair
	for _, numbers := range page.Pairs {
		one, oneErr := domain.ParsePrisonerNumber(numbers[0])
		other, otherErr := domain.ParsePrisonerNumber(numbers[1])
		pair, err := domain.NewPair(one, other)
		if err := errors.Join(oneErr, otherErr, err); err != nil {
			if s.wrong == nil {
				s.wrong = map[string]bool{}
			}
			s.wrong[min(numbers[0], numbers[1])+"_"+max(numbers[0], numbers[1])] = true
			continue
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// unlisted counts what NOMIS holds and could not be listed, each pair as one. Of pages
// that could not be read it is what NOMIS counts beyond the pairs that are known.
func (s *sweeper) unlisted(ctx context.Context) (store.Counts, error) {
	var counts store.Counts
	add := func(n int, why string) {
		column := store.Column{Theirs: n, Union: n}
		one := store.Counts{Total: column}
		one.PutUnchecked(column, why)
		counts.Add(one)
	}
	if len(s.wrong) > 0 {
		add(len(s.wrong), numbersWrong)
	}
	if s.unread > 0 {
		known, err := s.Store.CountPairs(ctx, s.run.ID)
		if err != nil {
			return store.Counts{}, err
		}
		add(max(1, s.total-known-len(s.wrong)), pageUnread)
	}
	return counts, nil
}
