package reconcile

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

const (
	// reads is how often a pair is read that changes meanwhile or cannot be read, and
	// betweenReads the time between two of them.
	reads        = 3
	betweenReads = 2 * time.Second
	// givenUpAfter is how many pairs in a row could not be read until each is read once
	// only: a run against a NOMIS that is away must end.
	givenUpAfter = 50
)

// Why a non-association is unchecked. Each is a sentence without personal data.
const (
	inFlight      = "The pair changed while it was read."
	pendingLately = "The record was changed here, and NOMIS is about to be told."
	recordAway    = "The record could not be read."
)

// turns is the part of [turn.Turns] that a comparison needs.
type turns interface {
	Take(ctx context.Context, pair domain.Pair, why turn.Why) (turn.Result, error)
}

// comparer compares pairs. It is safe for concurrent use.
type comparer struct {
	turns   turns
	record  turn.Record
	store   *store.Store
	locks   locker
	clock   func() time.Time
	wait    func(ctx context.Context, d time.Duration) error
	pending time.Duration // how long a change may be on its way to NOMIS
	merges  func(ctx context.Context, of domain.PrisonerNumber, from string) ([]npa.Merge, error)
	ring    *store.Cause // rung for a pair that has a step; nil: nothing is

	unread atomic.Int64 // pairs in a row that could not be read
}

// locker locks pairs against turns. [store.PairLocks] implements it.
type locker interface {
	TryLock(ctx context.Context, pair domain.Pair) (bool, error)
	Unlock(ctx context.Context, pair domain.Pair)
}

// compare compares a pair and keeps its differences. A pair that cannot be read, or that
// changes while it is read, is read again and then counted as unchecked. Errors: those of
// the context, of Postgres and of the locks.
func (c *comparer) compare(ctx context.Context, pair domain.Pair) (store.Counts, error) {
	for try := 1; ; try++ {
		found, settled, err := c.once(ctx, pair, try == reads || c.unread.Load() >= givenUpAfter)
		if err != nil || settled {
			return found, err
		}
		if err := c.wait(ctx, betweenReads); err != nil {
			return store.Counts{}, err
		}
	}
}

// once reads and compares a pair once. It reports false when the pair is to be read again,
// which the last read is not.
func (c *comparer) once(ctx context.Context, pair domain.Pair, last bool) (_ store.Counts, settled bool, err error) {
	due, err := c.due(ctx, pair)
	if err != nil {
		return store.Counts{}, false, err
	}
	result, err := c.turns.Take(ctx, pair, turn.Why{DryRun: true, Due: due})
	if ctx.Err() != nil {
		return store.Counts{}, false, context.Cause(ctx)
	}
	if err != nil {
		c.unread.Add(1)
		if !last {
			return store.Counts{}, false, nil
		}
		counts, err := c.unreadable(ctx, pair, causeOf(err))
		return counts, err == nil, err
	}
	c.unread.Store(0)
	return c.settle(ctx, pair, due, result, last)
}

// settle keeps what a comparison found, under the lock of the pair, unless the pair has
// changed since it was read.
func (c *comparer) settle(ctx context.Context, pair domain.Pair, due store.DuePair, result turn.Result, last bool) (_ store.Counts, settled bool, err error) {
	locked, err := c.locks.TryLock(ctx, pair)
	if err != nil {
		return store.Counts{}, false, err
	}
	if locked {
		defer c.locks.Unlock(ctx, pair)
	}
	moved, err := c.hasMoved(ctx, pair, due, result)
	if err != nil {
		return store.Counts{}, false, err
	}
	seen := newSeen(pair, result, c.clock())
	seen.findPending(due, c.pending)
	switch moved = moved || !locked; {
	case !last && (moved || len(seen.pending) > 0):
		return store.Counts{}, false, nil
	case moved:
		counts := seen.allUnchecked(inFlight)
		if locked {
			err = c.keepUnchecked(ctx, pair, inFlight, "")
		}
		return counts, err == nil, err
	}
	if err := c.nameCauses(ctx, due, seen); err != nil {
		return store.Counts{}, false, err
	}
	return seen.count(), true, c.keep(ctx, seen)
}

// due returns the row of the bell, zero when there is none.
func (c *comparer) due(ctx context.Context, pair domain.Pair) (store.DuePair, error) {
	due, err := c.store.Get(ctx, pair)
	if errors.Is(err, store.ErrNotDue) {
		return store.DuePair{}, nil
	}
	return due, err
}

// hasMoved reports whether the head of the pair moved or its bell rang since they were
// read.
func (c *comparer) hasMoved(ctx context.Context, pair domain.Pair, due store.DuePair, result turn.Result) (bool, error) {
	now, err := c.due(ctx, pair)
	if err != nil || now.Version != due.Version {
		return err == nil, err
	}
	ours, err := c.record.Plan(ctx, pair)
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	unknown := err != nil                                        // it cannot be said that it has not moved
	return unknown || ours.Revision != result.Ours.Revision, nil //nolint:nilerr // see unknown
}

// unreadable counts a pair of which at least one side could not be read. Of NOMIS it
// counts what it is known to hold. A pair of which nothing is known counts as one, so that
// it is never taken for empty.
func (c *comparer) unreadable(ctx context.Context, pair domain.Pair, cause string) (store.Counts, error) {
	var column store.Column
	ours, err := c.record.Plan(ctx, pair)
	switch {
	case ctx.Err() != nil:
		return store.Counts{}, context.Cause(ctx)
	case err != nil:
		cause = recordAway
	default:
		for _, n := range ours.Exchanges.State().Items {
			if n.Deleted {
				continue
			}
			column.Ours, column.Union = column.Ours+1, column.Union+1
			if n.TypeSequence != 0 {
				column.Theirs++
			}
		}
	}
	if column.Union == 0 {
		column = store.Column{Theirs: 1, Union: 1}
	}
	counts := store.Counts{Total: column, Pairs: 1}
	counts.PutUnchecked(column, cause)
	locked, err := c.locks.TryLock(ctx, pair)
	if err != nil || !locked {
		return counts, err
	}
	defer c.locks.Unlock(ctx, pair)
	return counts, c.keepUnchecked(ctx, pair, cause, "NOT_REACHED")
}

// causeOf says why a pair could not be read.
func causeOf(err error) string { return cmp.Or(npa.Why(err), recordAway) }
