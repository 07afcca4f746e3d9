package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/audit"
)

// The ways a feed ends before all is told.
var (
	errShuttingDown = errors.New("the service shuts down")
	errSlowStart    = errors.New("the log did not answer in time")
)

// feed is the whole log behind a position, a fact a line, and as long as the
// caller likes. Whoever follows is told the end of it by a shutdown only; in
// every other case a feed that has not told everything breaks off, so that
// nobody takes a part for the whole.
func (a *API) feed(roles ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked, err := a.admitFeed(w, r, roles)
		if err == nil {
			err = a.tellFeed(w, r, asked)
		}
		if err != nil {
			a.refuse(r.Context(), err).write(w, r)
		}
	}
}

func (a *API) admitFeed(w http.ResponseWriter, r *http.Request, roles []string) (audit.Feed, error) {
	ctx, cancel := context.WithTimeout(r.Context(), a.patience)
	defer cancel()
	by, err := a.admit(ctx, r, roles)
	if rec, is := w.(*answer); is {
		rec.actor, rec.correlation = by.User, correlation(r)
	}
	if err != nil {
		return audit.Feed{}, err
	}
	return readFeed(r.URL)
}

func readFeed(u *url.URL) (audit.Feed, error) {
	p, err := parametersOf(u)
	if err != nil {
		return audit.Feed{}, err
	}
	asked := audit.Feed{Follow: p.flag("follow", false)}
	if from, given := p.one("from"); given {
		if asked.From, err = parsePosition(from); err != nil {
			p.fault("from", wantedPosition)
		}
	}
	return asked, p.result()
}

// tellFeed returns an error only as long as nothing was answered.
func (a *API) tellFeed(w http.ResponseWriter, r *http.Request, feed audit.Feed) error {
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	if feed.Follow { // others are told everything, in the time that requests in flight have
		leave, is := a.followers.join(func() { end(errShuttingDown) })
		if !is {
			return unavailable(errShuttingDown)
		}
		defer leave()
	}
	late := time.AfterFunc(a.patience, func() { end(errSlowStart) })
	defer late.Stop()
	out := newLines(w, r, a.stall)
	defer context.AfterFunc(r.Context(), out.cut)() // a line that nobody takes would wait for ever

	feed.Begin = func(head uint64) error {
		if !late.Stop() {
			return errSlowStart
		}
		return out.begin(head)
	}
	feed.Line = func(entry audit.FeedEntry) error {
		line, err := json.Marshal(entry)
		if err != nil {
			return err
		}
		return out.line(line)
	}
	feed.CaughtUp = func() error { return out.caughtUp(feed.Follow) }
	err := a.audit.Feed(ctx, feed)
	switch {
	case errors.Is(err, errHeaders):
		return nil
	case !out.begun:
		return notBegun(ctx, err)
	}
	a.endFeed(ctx, r, out, err)
	return nil
}

// notBegun is an ordinary answer: that the log is away, or the service goes.
func notBegun(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil && !errors.Is(err, errSlowStart) {
		return err
	}
	return unavailable(errors.Join(cause, err))
}

// endFeed ends the answer, or breaks it off behind its last whole line.
func (a *API) endFeed(ctx context.Context, r *http.Request, out *lines, err error) {
	switch {
	case err == nil || errors.Is(context.Cause(ctx), errShuttingDown):
		if err = out.end(); err == nil {
			return
		}
	default:
		_ = out.flush() // what is whole may as well arrive
	}
	if r.Context().Err() == nil {
		a.logger.WarnContext(r.Context(), "feed cut off", "error", err)
	}
	panic(http.ErrAbortHandler)
}
