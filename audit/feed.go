package audit

import (
	"context"
	"errors"
	"slices"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Feed selects a part of the log and receives its entries. The callbacks are called one
// at a time, from the goroutine of [Reader.Feed], which waits for each. An error of a
// callback ends the feed and is returned.
type Feed struct {
	// From is the position after which the feed begins; 0 is before everything. Any
	// number up to the end of the log is valid, also one without a fact.
	From   uint64
	Follow bool     // continue with new facts after the end
	Types  []string // if set, only facts of these types are given, and no others are read
	// Begin, if set, is called once before the first line, when the log has
	// answered. The feed holds at least everything up to head.
	Begin func(head uint64) error
	Line  func(Entry) error
	// CaughtUp, if set, is called once after the last fact that existed at the
	// beginning: the time to flush.
	CaughtUp func() error
}

// errDone ends a subscription that does not follow.
var errDone = errors.New("feed is complete")

// Feed calls Line for every fact after From in the order of the log, without gap or
// duplicate, or for those of some types. It returns nil only when it does not follow and every fact was given.
// Otherwise it returns ErrBeyondEnd, before Begin, or the error of a callback, of ctx
// or of the log ([eventstore.ErrUnavailable] when its connection broke). A feed from
// the last position that was given then continues without loss.
func (r *Reader) Feed(ctx context.Context, feed Feed) error {
	from, err := r.begin(ctx, feed)
	if err != nil {
		return err
	}
	writer := &feedWriter{reader: r, feed: feed}
	err = r.log.Subscribe(ctx, from, domain.StreamPrefixes(), func(m eventstore.Message) error {
		return writer.write(ctx, m)
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if err == nil { // a subscription never ends normally
		err = eventstore.ErrUnavailable
	}
	return err
}

// begin checks where the feed begins, calls Begin, and returns the place to
// subscribe from.
func (r *Reader) begin(ctx context.Context, feed Feed) (eventstore.Position, error) {
	head, err := r.last(ctx)
	if err != nil {
		return head, err
	}
	if err := r.within(ctx, feed.From, head); err != nil {
		return head, err
	}
	if feed.Begin != nil {
		if err := feed.Begin(head.Uint64()); err != nil {
			return head, err
		}
	}
	return r.start(ctx, feed.From, head)
}

// feedWriter turns the messages of one subscription into entries.
type feedWriter struct {
	reader *Reader
	feed   Feed
	// The pair of the last fact, with its next revision. A run of facts of one pair
	// is so folded once, whatever other feeds push out of the shared cache.
	last domain.State
	next uint64
}

// write handles one message of the subscription.
func (t *feedWriter) write(ctx context.Context, m eventstore.Message) error {
	switch m.Kind {
	case eventstore.EventAppeared:
		return t.line(ctx, m.Event)
	case eventstore.CaughtUp:
		return t.caughtUp()
	default:
		return nil
	}
}

// caughtUp ends a feed that does not follow.
func (t *feedWriter) caughtUp() error {
	if t.feed.CaughtUp != nil {
		if err := t.feed.CaughtUp(); err != nil {
			return err
		}
	}
	if !t.feed.Follow {
		return errDone
	}
	return nil
}

// line gives one fact to the callback.
func (t *feedWriter) line(ctx context.Context, recorded eventstore.RecordedEvent) error {
	if recorded.Position.Uint64() <= t.feed.From {
		return nil // the subscription began at an earlier place
	}
	if len(t.feed.Types) > 0 && !slices.Contains(t.feed.Types, recorded.Type) {
		return nil
	}
	fact, err := t.reader.read(recorded)
	if err != nil {
		return err
	}
	entry, err := t.entry(ctx, fact)
	if err != nil {
		return err
	}
	return t.feed.Line(entry)
}

// entry folds one fact into its pair. The states of pairs come from a cache that all
// feeds share.
func (t *feedWriter) entry(ctx context.Context, fact recordedFact) (Entry, error) {
	if !fact.OfPair() {
		return Entry{Fact: fact}, nil
	}
	before, err := t.before(ctx, fact)
	if err != nil {
		return Entry{}, err
	}
	facts := eventstore.Resume(before, fact.Revision)
	entry, err := step(facts, fact)
	if err != nil {
		return Entry{}, err
	}
	t.last, t.next = facts.State(), facts.Next()
	t.reader.states.Put(t.last, fact.Revision)
	return entry, nil
}

// before returns the state of the fact's pair before the fact.
func (t *feedWriter) before(ctx context.Context, fact recordedFact) (domain.State, error) {
	if t.next == fact.Revision && t.last.Pair == fact.Pair {
		return t.last, nil
	}
	return t.reader.states.StateBefore(ctx, fact.Pair, fact.Revision)
}
