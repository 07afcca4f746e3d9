package esdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// errNoBatch means that the server has no BatchAppend: the client's own append is used.
var errNoBatch = errors.New("the server has no BatchAppend")

const (
	// askAgain is how long a server is remembered to have no BatchAppend. It may be
	// replaced by a newer one meanwhile.
	askAgain = time.Minute
	// sessionAge is when a call is replaced by a new one. A server looks at the user of a
	// call at its start alone, so a user who was disabled could write for that long.
	sessionAge = 10 * time.Minute
)

// newBatchAppender makes an appender that connects when it is first used. It is ended
// with close.
func newBatchAppender(ctx context.Context, cfg *esdb.Configuration, options Options, look func(), closing <-chan struct{}) *batchAppender {
	b := &batchAppender{
		dialer: batchDialer{cfg, net.DefaultResolver.LookupHost}, logger: options.Logger, look: look, lookAfter: options.lookAfter,
		attempt: options.attemptTime, age: options.sessionAge, closing: closing, failed: map[string]time.Time{},
	}
	b.ctx, b.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return b
}

// batchAppender keeps one call of BatchAppend open, on a connection of its own, and
// opens the next one when it has ended. It is safe for concurrent use.
type batchAppender struct {
	dialer batchDialer
	logger *slog.Logger
	// look starts a probe for the reason why there is no answer, after lookAfter.
	look      func()
	lookAfter time.Duration
	// attempt is the time of one attempt. When it has passed, the outcome is unknown, and
	// a call on which nothing was heard meanwhile is given up.
	attempt time.Duration
	age     time.Duration   // after which a call is replaced
	closing <-chan struct{} // of the store
	ctx     context.Context //nolint:containedctx // the store's life: a call carries the appends of many
	cancel  context.CancelCauseFunc
	renewed atomic.Uint64 // calls that were opened after the first

	mu       sync.Mutex
	session  *batchSession        // the last one that was opened; nil before the first
	opened   time.Time            // when that was
	opening  *serverSearch        // nil when none is being opened
	failed   map[string]time.Time // the addresses at which calls have failed of late, and when
	lacking  time.Time            // until then the server is known to have no BatchAppend
	closed   bool
	inFlight sync.WaitGroup // appends that have begun; none begins once closed
	openers  sync.WaitGroup
}

// serverSearch is one search for a server, for all callers that wait. session and err are
// set before done is closed.
type serverSearch struct {
	done    chan struct{}
	waiters int
	session *batchSession
	err     error
}

// append sends an append on the open call, and opens one first when there is none.
// Errors: a gRPC status or an error of the port, the context's, errNoBatch and
// errClosed.
func (b *batchAppender) append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	for {
		appended, err := b.once(ctx, wanted)
		if !errors.Is(err, errRetired) {
			return appended, err
		}
	}
}

// once is append, but for errRetired, after which nothing was sent.
func (b *batchAppender) once(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	session, search, err := b.begin()
	if err != nil {
		return eventstore.Appended{}, err
	}
	defer b.inFlight.Done()
	if session == nil {
		if session, err = b.found(ctx, search); err != nil {
			return eventstore.Appended{}, err
		}
	}
	appended, err := b.send(ctx, session, wanted)
	if isCluster(b.dialer.cfg) && leaderless(err) {
		session.refuse() // another node may be the leader by now
	}
	return appended, err
}

// begin registers an append, which ends with inFlight.Done. It returns the open call,
// or the search for a server that this append now waits for.
func (b *batchAppender) begin() (*batchSession, *serverSearch, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.session != nil && time.Since(b.opened) >= b.age {
		b.session.retire()
	}
	open := b.session != nil && b.session.takes()
	switch {
	case b.closed:
		return nil, nil, errClosed
	case open:
		b.inFlight.Add(1)
		return b.session, nil, nil
	case b.opening == nil && time.Now().Before(b.lacking):
		return nil, nil, errNoBatch
	case b.opening == nil:
		b.opening = &serverSearch{done: make(chan struct{}), err: errClosed}
		search, hint := b.opening, b.hint()
		b.openers.Go(func() { b.open(search, hint) })
	}
	b.opening.waiters++
	b.inFlight.Add(1)
	return nil, b.opening, nil
}

// hint returns what the calls so far say about the leader. The caller holds the lock.
func (b *batchAppender) hint() searchHint {
	var hint searchHint
	if b.session != nil {
		leader, failed := b.session.hint()
		if !failed.IsZero() {
			b.failed[b.session.node] = failed
		}
		hint.leader = leader
	}
	maps.DeleteFunc(b.failed, func(_ string, at time.Time) bool { return time.Since(at) > suspectFor })
	hint.suspects = slices.Collect(maps.Keys(b.failed))
	return hint
}

// found waits for the end of a search. Errors: the context's, errNoBatch and errClosed.
func (b *batchAppender) found(ctx context.Context, search *serverSearch) (*batchSession, error) {
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		search.waiters--
	}()
	long := time.NewTimer(b.lookAfter)
	defer long.Stop()
	for {
		select {
		case <-search.done:
			return search.session, search.err
		case <-b.closing:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-long.C:
			b.look()
			long.Reset(b.lookAfter)
		}
	}
}

// open searches for a server until one is found, the store closes, or no caller waits. The
// first round that fails is logged, because nobody else is told its reasons.
func (b *batchAppender) open(search *serverSearch, hint searchHint) {
	defer close(search.done)
	for round := 0; ; round++ {
		session, err := b.dialer.open(b.ctx, hint)
		if round == 0 && err != nil && !errors.Is(err, errNoBatch) && b.ctx.Err() == nil {
			b.logger.Warn("no server was found for appends", "error", err)
		}
		if b.isEnough(search, session, err) || pause(b.ctx, b.closing, b.dialer.pause(), nil) != nil {
			return
		}
		hint.leader = ""
	}
}

// isEnough stores the result of one round of a search, and reports whether it is the
// last one.
func (b *batchAppender) isEnough(search *serverSearch, session *batchSession, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	lacks := errors.Is(err, errNoBatch)
	if err != nil && !lacks && search.waiters > 0 && !b.closed {
		return false
	}
	b.opening, search.session, search.err = nil, session, err
	switch {
	case lacks:
		b.lacking = time.Now().Add(askAgain)
	case err == nil:
		if b.session != nil {
			b.renewed.Add(1)
			b.openers.Go(b.session.ends.Wait) // one that was retired may still have appends in flight
		}
		b.session, b.opened = session, time.Now()
	}
	return true
}

// send sends an append and waits for its answer. The attempt's time bounds the wait.
func (b *batchAppender) send(ctx context.Context, session *batchSession, wanted eventstore.Append) (eventstore.Appended, error) {
	limit := b.attempt
	if deadline, has := ctx.Deadline(); has {
		limit = min(limit, time.Until(deadline))
	}
	waiting, err := session.enlist(wanted, limit)
	if err != nil {
		return eventstore.Appended{}, err
	}
	defer session.leave(waiting)
	queue, due := session.queue, time.Now().Add(b.attempt)
	timer := time.NewTimer(min(b.attempt, b.lookAfter))
	defer timer.Stop()
	for {
		select {
		case queue <- waiting:
			queue = nil
		case r := <-waiting.answer:
			return r.value, r.err
		case <-session.over:
			return b.ended(session, waiting)
		case <-ctx.Done():
			_ = session.distrust(b.attempt)
			return eventstore.Appended{}, ctx.Err()
		case <-timer.C:
			if err := session.distrust(b.attempt); err != nil {
				return eventstore.Appended{}, err
			}
			left := time.Until(due)
			if left <= 0 {
				return eventstore.Appended{}, status.Errorf(codes.DeadlineExceeded, "no answer within %v", b.attempt)
			}
			b.look()
			timer.Reset(min(left, b.lookAfter))
		}
	}
}

// ended returns the answer that came just before the end of the call, or the error of
// the end.
func (b *batchAppender) ended(session *batchSession, waiting *waitingAppend) (eventstore.Appended, error) {
	select {
	case r := <-waiting.answer:
		return r.value, r.err
	default:
	}
	if errors.Is(session.err, errNoBatch) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lacking = time.Now().Add(askAgain)
	}
	return eventstore.Appended{}, session.err
}

// close refuses new appends, waits for those in flight until the context ends, and ends
// the call and its connection. Its error is that some were still in flight.
func (b *batchAppender) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	err := wait(ctx, &b.inFlight)
	b.cancel(errClosed)
	b.openers.Wait()
	if b.session != nil { // no opener is left that could replace it
		b.session.ends.Wait()
	}
	if err != nil {
		return fmt.Errorf("appends in flight: %w", err)
	}
	return nil
}
