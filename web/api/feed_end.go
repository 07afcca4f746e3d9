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

// notBegun returns the ordinary refusal of a feed that has sent nothing.
func notBegun(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errTokenEnded):
		return unauthorised()
	case errors.Is(err, audit.ErrBeyondEnd):
		return invalidValue("from", "must not lie behind the end of the log")
	case cause == nil && !errors.Is(err, errSlowStart):
		return err
	}
	return unavailable(errors.Join(cause, err))
}

// endFeed ends the answer, or breaks it off after its last whole line by aborting the
// connection. A feed that follows may end normally early, since no client takes it
// for complete.
func (a *API) endFeed(ctx context.Context, r *http.Request, follows bool, out *ndjsonWriter, err error) {
	cause := context.Cause(ctx)
	orderly := errors.Is(cause, errShuttingDown) || follows && errors.Is(cause, errTokenEnded)
	switch {
	case err == nil || orderly:
		if err = out.end(); err == nil {
			return
		}
	default:
		_ = out.flush() // the whole lines may arrive
	}
	if r.Context().Err() == nil {
		a.logger.WarnContext(r.Context(), "feed cut off", "error", errors.Join(err, cause))
	}
	// The abort leaves out the last chunk of the answer. It is the only sign of
	// HTTP/1.1 by which a client can tell a broken answer from a complete one after a
	// 200.
	panic(http.ErrAbortHandler)
}

// whileTokenHolds ends a feed when the token that opened it expires, or when it no
// longer verifies: a withdrawn token must not read on for ever. A client that does not
// read the last line in time is cut off. It watches until release is called.
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
	// The goroutine uses the connection, so the handler must not return before it:
	// net/http reuses the writer afterwards.
	return func() {
		end(nil)
		close(over)
		watching.Wait()
	}
}

// untilTokenEnds waits, and reports whether the token has ended; false means that the
// feed has.
func (a *API) untilTokenEnds(ctx context.Context, r *http.Request, by auth.Claims) bool {
	// A nil channel never delivers: a token without an end is only verified again.
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
			// A verification that fails because the feed itself is ending says nothing
			// about the token.
			if !a.stillHolds(ctx, r) && ctx.Err() == nil {
				return true
			}
		}
	}
}

// stillHolds verifies a token again, as for a new request. A token that cannot be
// verified does not hold.
func (a *API) stillHolds(ctx context.Context, r *http.Request) bool {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	_, err := a.admit(ctx, r, []string{anyToken})
	return err == nil
}
