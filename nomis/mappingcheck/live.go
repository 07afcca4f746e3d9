package mappingcheck

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
)

// Client is the part of the NOMIS Prisoner API that a check calls.
type Client interface {
	Ping(ctx context.Context) error
	IDs(ctx context.Context, page, size int) (npa.Page, error)
	Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error)
}

// Live is NOMIS as it is now. [NewLive] makes one.
type Live struct {
	client    Client
	available func() bool
	wait      func(context.Context, time.Duration) error
	wrong     atomic.Int64
}

// NewLive returns NOMIS as a client sees it. available reports whether it answers at all,
// and wait waits between two tries.
func NewLive(client Client, available func() bool, wait func(context.Context, time.Duration) error) *Live {
	return &Live{client: client, available: available, wait: wait}
}

// Changes implements [Theirs].
func (*Live) Changes() bool { return true }

// Wrong returns how many entries of the list of pairs are of numbers that are none: nothing
// of them could be compared.
func (l *Live) Wrong() int { return int(l.wrong.Load()) }

const (
	pageSize  = 1000
	tries     = 3           // of one call
	mostLists = 5           // of the whole list of pairs
	firstWait = time.Second // after a call that failed; twice as long after each further one
)

// Pairs implements [Theirs]. Pages move while NOMIS is written to, so the list is read
// again until a whole one brings nothing new, at most five times.
func (l *Live) Pairs(ctx context.Context, add func(domain.Pair)) error {
	if err := l.client.Ping(ctx); err != nil {
		return err
	}
	var seen audit.Pairs
	for range mostLists {
		known := seen.Len()
		err := l.listOnce(ctx, func(pair domain.Pair) { seen.Add(pair); add(pair) })
		if err != nil || seen.Len() == known {
			return err
		}
	}
	return nil
}

// listOnce reads every page.
func (l *Live) listOnce(ctx context.Context, add func(domain.Pair)) error {
	l.wrong.Store(0)
	for number := 0; ; number++ {
		var page npa.Page
		err := l.patiently(ctx, func() (err error) {
			page, err = l.client.IDs(ctx, number, pageSize)
			return err
		})
		if err != nil || len(page.Pairs) == 0 {
			return err
		}
		for _, numbers := range page.Pairs {
			pair, err := parsePair(numbers[0], numbers[1])
			if err != nil {
				l.wrong.Add(1)
				continue
			}
			add(pair)
		}
	}
}

// Rows implements [Theirs].
func (l *Live) Rows(ctx context.Context, pair domain.Pair) (rows mirror.Rows, err error) {
	err = l.patiently(ctx, func() (err error) {
		rows, err = l.client.Rows(ctx, pair)
		return err
	})
	if err != nil && !isFinal(err) && ctx.Err() == nil && l.available() {
		err = fmt.Errorf("%w: %w", ErrPairUnread, err)
	}
	return rows, err
}

// patiently repeats a read that failed, unless repeating it cannot help.
func (l *Live) patiently(ctx context.Context, read func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := read()
		if err == nil || try == tries || isFinal(err) || ctx.Err() != nil || !l.available() {
			return err
		}
		if err := l.wait(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// isFinal reports whether NOMIS has said all that it will say.
func isFinal(err error) bool {
	return errors.Is(err, npa.ErrDenied) || errors.Is(err, npa.ErrPrisonerUnknown)
}

// parsePair returns the pair of two numbers in either order.
func parsePair(one, other string) (domain.Pair, error) {
	first, err := domain.ParsePrisonerNumber(one)
	if err != nil {
		return domain.Pair{}, err
	}
	second, err := domain.ParsePrisonerNumber(other)
	if err != nil {
		return domain.Pair{}, err
	}
	return domain.NewPair(first, second)
}
