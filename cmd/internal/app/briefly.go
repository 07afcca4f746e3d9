package app

import (
	"context"
	"time"
)

// briefly keeps an answer for a while, an error too: a service that does not answer is
// not asked with each request. One caller at a time asks, and the others wait for it. It
// is safe for concurrent use. Make one with newBriefly.
type briefly[T any] struct {
	ask   func(context.Context) (T, error)
	age   time.Duration
	clock func() time.Time
	turn  chan struct{} // holds a value while a caller asks; guards the rest

	value T
	err   error
	until time.Time
}

func newBriefly[T any](ask func(context.Context) (T, error), age time.Duration, clock func() time.Time) *briefly[T] {
	return &briefly[T]{ask: ask, age: age, clock: clock, turn: make(chan struct{}, 1)}
}

// get returns an answer that is younger than the age. Errors: those of ask, and the
// context's.
func (b *briefly[T]) get(ctx context.Context) (T, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	defer func() { <-b.turn }()
	now := b.clock()
	if left := b.until.Sub(now); left > 0 && left <= b.age { // a clock that steps back keeps nothing young
		return b.value, b.err
	}
	// A caller that leaves must not make the answer an error for those who stay.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), detailTime)
	defer cancel()
	b.value, b.err = b.ask(ctx)
	b.until = now.Add(b.age)
	return b.value, b.err
}
