package screens

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// freshness knows up to when an answer shows everything that was recorded. It is safe
// for concurrent use.
type freshness struct {
	head  func(ctx context.Context) (uint64, error)
	clock func() time.Time
	away  silence

	mu    sync.Mutex
	heads []headAt // the oldest first, at most maxHeads
}

// headAt is a head of the log that was read after a moment.
type headAt struct {
	at       time.Time
	position uint64
}

const (
	maxHeads    = 64
	headAge     = time.Second            // a head is read again after this time
	headTimeout = 500 * time.Millisecond // a page does not wait longer for its footer
)

// upTo returns the last moment at which an answer that reflects a position showed
// everything recorded, false while that is not known.
func (f *freshness) upTo(ctx context.Context, position uint64) (time.Time, bool) {
	f.renew(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, head := range slices.Backward(f.heads) {
		if head.position <= position {
			return head.at, true
		}
	}
	return time.Time{}, false
}

// renew reads the head unless it was just read. While the log does not answer, the last
// heads stay, and the moment that they give grows old.
func (f *freshness) renew(ctx context.Context) {
	now := f.clock()
	f.mu.Lock()
	fresh := len(f.heads) > 0 && now.Sub(f.heads[len(f.heads)-1].at) < headAge
	f.mu.Unlock()
	if fresh || f.away.lasts(now) {
		return
	}
	asked, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	position, err := f.head(asked)
	if err != nil {
		f.away.begins(ctx, now)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heads = append(f.heads, headAt{now, position})
	if len(f.heads) > maxHeads {
		f.heads = f.heads[1:]
	}
}

// silenceTime is how long a part that did not answer is not asked again for what stands
// around a page.
const silenceTime = 2 * time.Second

// silence remembers that a part did not answer, so that not every page waits for it. It is
// safe for concurrent use.
type silence struct {
	mu    sync.Mutex
	began time.Time
}

// begins records that a part did not answer, unless the caller itself has left.
func (s *silence) begins(caller context.Context, now time.Time) {
	if errors.Is(caller.Err(), context.Canceled) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = now
}

// lasts reports whether the part did not answer a moment ago.
func (s *silence) lasts(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.began.IsZero() && now.Sub(s.began).Abs() < silenceTime
}
