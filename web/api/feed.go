package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// The causes that end a feed early.
var (
	errShuttingDown = errors.New("the service shuts down")
	errSlowStart    = errors.New("the log did not answer in time")
	errTokenEnded   = errors.New("the token of the feed is not valid any more")
)

// errFeeds refuses a feed beyond a bound.
var errFeeds = errors.New("too many feeds are open, in all or of this client")

// FeedLimits bound the feeds of a process. Zero values mean the defaults in the
// comments.
type FeedLimits struct {
	Most    int           // open at once, in all; 32
	Each    int           // open at once, of one client; 4
	Recheck time.Duration // interval at which the token of a feed is verified again; 1 min
	Parting time.Duration // time for the last line after the token has ended; 5 s
}

// withDefaults replaces zero values by the defaults.
func (l FeedLimits) withDefaults() FeedLimits {
	return FeedLimits{
		Most: cmp.Or(l.Most, 32), Each: cmp.Or(l.Each, 4),
		Recheck: cmp.Or(l.Recheck, time.Minute), Parting: cmp.Or(l.Parting, 5*time.Second),
	}
}

// feedParams is an admitted request for a feed.
type feedParams struct {
	audit.Feed

	by  auth.Claims
	log uuid.UUID // id of the log
}

// feed streams the log after a position as NDJSON, one fact a line, for as long as the
// client reads and its token is valid. A feed that follows ends normally at a
// shutdown and at the end of its token, since it is never complete. In every other
// case a feed that has not sent everything is broken off, so that no part of the log
// is taken for the whole (ADR 0011).
func (a *API) feed(roles ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !r.ProtoAtLeast(1, 1) { // HTTP/1.0 marks no end: a feed that breaks off would look complete
			oldProtocol().reply().write(w, r)
			return
		}
		asked, err := a.admitFeed(w, r, roles)
		if err == nil {
			err = a.writeFeed(w, r, asked)
		}
		if err != nil {
			a.refuse(r.Context(), err).write(w, r)
		}
	}
}

// oldProtocol refuses HTTP/1.0 with 505.
func oldProtocol() problem {
	return plain(http.StatusHTTPVersionNotSupported, "The feed needs HTTP/1.1: before it, an answer that breaks off looks whole")
}

// admitFeed authenticates the request and parses its parameters within the time of a
// request. It refuses a token in its leeway: a feed would end with it at once.
func (a *API) admitFeed(w http.ResponseWriter, r *http.Request, roles []string) (feedParams, error) {
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	by, err := a.admit(ctx, r, roles)
	if rec, is := w.(*responseRecorder); is {
		rec.actor, rec.correlation = by.User, correlation(r)
	}
	if err != nil {
		return feedParams{}, err
	}
	// A verifier accepts a token for some seconds after its end, because clocks differ.
	// A feed opened in that time would end at once, and the client would open it again
	// in a loop.
	if !by.Expires.IsZero() && !a.clock().Before(by.Expires) { // within the verifier's leeway
		return feedParams{}, unauthorised()
	}
	asked, err := readFeed(r.URL)
	if err != nil {
		return asked.feedParams, err
	}
	asked.by = by
	return asked.feedParams, a.ofThisLog(w, &asked)
}

// askedFeed is a feed with its parameters, not compared with the log yet.
type askedFeed struct {
	feedParams

	logID *uuid.UUID // the log that the caller expects; nil: any
}

// readFeed parses the parameters from, follow and logId.
func readFeed(u *url.URL) (askedFeed, error) {
	var asked askedFeed
	p, err := parametersOf(u)
	if err != nil {
		return asked, err
	}
	asked.Follow = p.flag("follow", false)
	if from, given := p.one("from"); given {
		if asked.From, err = parsePosition(from); err != nil {
			p.fault("from", wantedPosition)
		}
	}
	if text, given := p.one("logId"); given {
		// A client that kept its position while the log was replaced would read on from
		// a place that means nothing there. The id lets it find out before the first
		// line.
		id, err := parseID(text)
		if err != nil {
			p.fault("logId", err.Error())
		}
		asked.logID = &id
	}
	return asked, p.result()
}

// headerLogID names the log of a feed.
const headerLogID = "X-Log-Id"

// ofThisLog sets the id of the log, and refuses with 409 a caller that expects another
// one: a position of one log means nothing in another.
func (a *API) ofThisLog(w http.ResponseWriter, asked *askedFeed) error {
	id, known := a.logID()
	if !known {
		return unavailable(errors.New("the log's id is not known yet"))
	}
	asked.log = id
	if asked.logID != nil && *asked.logID != id {
		w.Header()[headerLogID] = []string{id.String()}
		return plain(http.StatusConflict, "The log is "+id.String()+", not "+asked.logID.String()+": begin again from position 0, or ask where that log is")
	}
	return nil
}

// writeFeed sends the feed. It returns an error only while nothing has been sent.
func (a *API) writeFeed(w http.ResponseWriter, r *http.Request, feed feedParams) error {
	// Each feed holds a subscription to the log and a connection for as long as its
	// client likes. Without the bound one client with a defect in its retry loop could
	// hold all of them.
	release, is := a.feeds.take(feed.by.ClientID)
	if !is {
		p := unavailable(errFeeds)
		p.UserMessage = "The service cannot answer now: too many feeds are open. Repeating the request is safe."
		return p
	}
	defer release()
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	if feed.Follow { // a feed that does not follow is finished, in the time that requests in flight have
		leave, is := a.openFeeds.join(func() { end(errShuttingDown) })
		if !is {
			return unavailable(errShuttingDown)
		}
		defer leave()
	}
	// Until the first byte the feed is bound like any request, so that a log that does
	// not answer is a 503 and not a silent connection. Begin stops this timer.
	late := time.AfterFunc(a.timeout, func() { end(errSlowStart) })
	defer late.Stop()
	out := newNDJSONWriter(w, r, a.stallTimeout)
	defer context.AfterFunc(r.Context(), out.cut)() // a write to a client that is gone would block for ever
	defer a.whileTokenHolds(ctx, r, feed.by, end, out.cut)()

	err := a.audit.Feed(ctx, feed.into(ctx, a.clock().Location(), out, late))
	switch {
	case errors.Is(err, errHeaders):
		return nil
	case !out.begun:
		return notBegun(ctx, err)
	}
	a.endFeed(ctx, r, feed.Follow, out, err)
	return nil
}

// into returns the feed of the log with callbacks that write its lines to out.
func (f feedParams) into(ctx context.Context, london *time.Location, out *ndjsonWriter, late *time.Timer) audit.Feed {
	feed := f.Feed
	// The timer may have fired while the log was answering. Then the 503 is decided
	// already, and headers of a 200 must not follow it.
	feed.Begin = func(head uint64) error {
		if !late.Stop() {
			return errSlowStart
		}
		out.header[headerLogID] = []string{f.log.String()}
		return out.begin(head)
	}
	feed.Line = func(entry audit.Entry) error {
		if err := ctx.Err(); err != nil { // no line after the end
			return err
		}
		line, err := json.Marshal(shape.FeedLine{
			Entry: entryOf(london, entry), PrisonerNumbers: entry.PrisonerNumbers(),
			SwitchOver: shape.NewSwitchOverChange(london, entry.Fact.Event),
		})
		if err != nil {
			return err
		}
		return out.line(line)
	}
	feed.CaughtUp = func() error { return out.caughtUp(f.Follow) }
	return feed
}
