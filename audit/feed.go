package audit

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// FeedEntry is one line of the feed.
type FeedEntry struct {
	Entry

	PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"` // the pair, the smaller number first
}

// Feed says which part of the log is told, and to whom. The callbacks are
// called one at a time; the log waits for them, and their error ends the feed.
type Feed struct {
	// From is the position of the last fact that is known already; 0 is before
	// everything. Any number will do, also one where no fact lies.
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

// errTold ends a subscription that has told everything.
var errTold = errors.New("everything is told")

// Feed tells every fact behind a position in global order, without gap or
// duplicate. It returns nil only when it does not follow and everything was
// told; otherwise the callback's error, the context's, or the log's
// ([eventstore.ErrUnavailable] when it broke): then a feed from the last
// position that was told goes on without loss.
func (r *Reader) Feed(ctx context.Context, feed Feed) error {
	from, err := r.begin(ctx, feed)
	if err != nil {
		return err
	}
	teller := &teller{reader: r, feed: feed, states: newStates(r.options.FeedMemory)}
	err = r.log.Subscribe(ctx, from, domain.StreamPrefix, func(m eventstore.Message) error {
		return teller.tell(ctx, m)
	})
	if errors.Is(err, errTold) {
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
	if feed.Begin != nil {
		if err := feed.Begin(head.Outside()); err != nil {
			return head, err
		}
	}
	return r.start(ctx, feed.From, head)
}

// teller turns the messages of one subscription into lines.
type teller struct {
	reader *Reader
	feed   Feed
	states *states
}

func (t *teller) tell(ctx context.Context, m eventstore.Message) error {
	switch m.Kind {
	case eventstore.EventAppeared:
		return t.line(ctx, m.Event)
	case eventstore.CaughtUp:
		return t.caughtUp()
	default:
		return nil
	}
}

func (t *teller) caughtUp() error {
	if t.feed.CaughtUp != nil {
		if err := t.feed.CaughtUp(); err != nil {
			return err
		}
	}
	if !t.feed.Follow {
		return errTold
	}
	return nil
}

func (t *teller) line(ctx context.Context, recorded eventstore.Recorded) error {
	if recorded.Position.Outside() <= t.feed.From {
		return nil // the log was told from a place before
	}
	fact, err := t.reader.decode(recorded)
	if err != nil {
		return err
	}
	state, known := t.states.before(fact.pair, fact.revision)
	if !known {
		if state, err = t.reader.stateBefore(ctx, fact.pair, fact.revision); err != nil {
			return err
		}
	}
	entry, state := step(t.reader.options.London, state, fact)
	t.states.keep(state, fact.revision)
	numbers := fact.pair.Numbers()
	return t.feed.Line(FeedEntry{Entry: entry, PrisonerNumbers: numbers[:]})
}

// page bounds how much of a long stream is in memory at once.
const page = 500

// stateBefore folds a pair from the log up to, and without, a revision.
func (r *Reader) stateBefore(ctx context.Context, pair domain.Pair, revision uint64) (domain.State, error) {
	state := domain.State{Pair: pair}
	for next := uint64(0); next < revision; {
		limit := int(min(page, revision-next)) // at most a page
		events, err := r.log.ReadStream(ctx, pair.Stream(), eventstore.Forwards, next, limit)
		if err != nil {
			return domain.State{}, fmt.Errorf("read the facts of %s before revision %d: %w", pair, revision, err)
		}
		if len(events) == 0 {
			return domain.State{}, fmt.Errorf("%s ends before revision %d, which the log has told", pair, revision)
		}
		for _, recorded := range events {
			fact, err := r.inOrder(recorded, next)
			if err != nil {
				return domain.State{}, err
			}
			state, next = domain.Evolve(state, fact.Fact), next+1
		}
	}
	return state, nil
}
