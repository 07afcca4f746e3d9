package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"nonassociations/audit"
	"nonassociations/web/auth"
)

// notBegun is an ordinary answer: that the log is away, ends before the position,
// or the service goes.
func notBegun(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errTokenEnded):
		return unauthorised()
	case errors.Is(err, audit.ErrBehindEnd):
		return invalid([]fault{{"from", "must not lie behind the end of the log"}}, 0)
	case cause == nil && !errors.Is(err, errSlowStart):
		return err
	}
	return unavailable(errors.Join(cause, err))
}

// endFeed ends the answer, or breaks it off behind its last whole line. One that
// follows is never taken for all that there is, so it may end like a whole one.
func (a *API) endFeed(ctx context.Context, r *http.Request, follows bool, out *ndjsonWriter, err error) {
	cause := context.Cause(ctx)
	told := errors.Is(cause, errShuttingDown) || follows && errors.Is(cause, errTokenEnded)
	switch {
	case err == nil || told:
		if err = out.end(); err == nil {
			return
		}
	default:
		_ = out.flush() // what is whole may as well arrive
	}
	if r.Context().Err() == nil {
		a.logger.WarnContext(r.Context(), "feed cut off", "error", errors.Join(err, cause))
	}
	panic(http.ErrAbortHandler)
}

// whileTokenHolds ends a feed when the token that opened it expires, or is not
// verified any more: a withdrawn one must not read on for ever. What the reader
// does not take then is cut. It watches until release is called.
func (a *API) whileTokenHolds(ctx context.Context, r *http.Request, by auth.Claims, end context.CancelCauseFunc, cut func()) (release func()) {
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		if !a.untilTokenEnds(ctx, r, by) {
			return
		}
		end(errTokenEnded)
		parting := time.NewTimer(a.limits.Parting)
		defer parting.Stop()
		select {
		case <-parting.C:
			cut()
		case <-over:
		}
	})
	return func() {
		end(nil)
		close(over)
		watching.Wait()
	}
}

// untilTokenEnds returns true when the token has ended, false when the feed has.
func (a *API) untilTokenEnds(ctx context.Context, r *http.Request, by auth.Claims) bool {
	var expires <-chan time.Time
	if !by.Expires.IsZero() {
		timer := time.NewTimer(by.Expires.Sub(a.clock()))
		defer timer.Stop()
		expires = timer.C
	}
	again := time.NewTicker(a.limits.Recheck)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-expires:
			return true
		case <-again.C:
			if !a.stillHolds(ctx, r) && ctx.Err() == nil {
				return true
			}
		}
	}
}

// stillHolds verifies a token again, as a request with it would be. What cannot be
// verified holds no longer.
func (a *API) stillHolds(ctx context.Context, r *http.Request) bool {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	_, err := a.admit(ctx, r, []string{anyToken})
	return err == nil
}
