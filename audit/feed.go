package audit

import (
	"context"
	"errors"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// FeedEntry is one line of the feed.
type FeedEntry struct {
	Entry

	PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"` // the two, the smaller number first
}

// Feed says which part of the log is told, and to whom. The callbacks are
// called one at a time; the log waits for them, and their error ends the feed.
type Feed struct {
	// From is the position of the last fact that is known already; 0 is before
	// everything. Any number up to the end of the log will do, also one where no
	// fact lies.
	From   uint64
	Follow bool // go on with live facts behind the end
	// Begin, if set, is called once before the first line, when the log has
	// answered; the feed tells at least everything up to head.
	Begin func(head uint64) error
	Line  func(FeedEntry) error
	// CaughtUp, if set, is called once when all facts that were there were told:
	// the time to flush.
	CaughtUp func() error
}

// errDone ends a subscription that has told everything.
var errDone = errors.New("everything is told")

// Feed tells every fact behind a position in global order, without gap or
// duplicate. It returns nil only when it does not follow and everything was
// told; otherwise ErrBehindEnd, before anything is begun, or the callback's
// error, the context's, or the log's ([eventstore.ErrUnavailable] when it
// broke): then a feed from the last position that was told goes on without loss.
func (r *Reader) Feed(ctx context.Context, feed Feed) error {
	from, err := r.begin(ctx, feed)
	if err != nil {
		return err
	}
	teller := &feedWriter{reader: r, feed: feed}
	err = r.log.Subscribe(ctx, from, domain.StreamPrefixes(), func(m eventstore.Message) error {
		return teller.write(ctx, m)
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if err == nil { // a subscription has no good end
		err = eventstore.ErrUnavailable
	}
	return err
}

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

// feedWriter turns the messages of one subscription into lines.
type feedWriter struct {
	reader *Reader
	feed   Feed
	// The pair that was told last and its next fact: however much other feeds
	// remember, a run of facts of one pair is folded once.
	last domain.State
	next uint64
}

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

func (t *feedWriter) line(ctx context.Context, recorded eventstore.RecordedEvent) error {
	if recorded.Position.Uint64() <= t.feed.From {
		return nil // the log was told from a place before
	}
	fact, err := t.reader.read(recorded)
	if err != nil {
		return err
	}
	entry, err := t.entry(ctx, fact)
	if err != nil {
		return err
	}
	return t.feed.Line(FeedEntry{Entry: entry, PrisonerNumbers: numbersOf(fact)})
}

func (t *feedWriter) entry(ctx context.Context, fact recordedFact) (Entry, error) {
	if !fact.OfPair() {
		return entryOf(t.reader.options.London, fact), nil
	}
	before, err := t.before(ctx, fact)
	if err != nil {
		return Entry{}, err
	}
	facts := eventstore.Resume(before, fact.Revision)
	entry, err := step(t.reader.options.London, facts, fact)
	if err != nil {
		return Entry{}, err
	}
	t.last, t.next = facts.State(), facts.Next()
	t.reader.states.Put(t.last, fact.Revision)
	return entry, nil
}

// before is the state of the fact's pair before it.
func (t *feedWriter) before(ctx context.Context, fact recordedFact) (domain.State, error) {
	if t.next == fact.Revision && t.last.Pair == fact.Pair {
		return t.last, nil
	}
	return t.reader.states.StateBefore(ctx, fact.Pair, fact.Revision)
}
