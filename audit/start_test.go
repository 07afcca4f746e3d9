package audit_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/web/shape"
)

// wide is the distance between two events of a log that counts in bytes.
const wide = 100

// bytewise is a log like EventStoreDB's: positions are not dense, and what does
// not begin at an event is refused.
type bytewise struct{ eventstore.Store }

func (b bytewise) inside(p eventstore.Position) (eventstore.Position, error) {
	if p == eventstore.Start || p == eventstore.End {
		return p, nil
	}
	inside := eventstore.Position{Commit: p.Commit / wide, Prepare: p.Prepare / wide}
	there, err := b.Store.ReadAll(context.Background(), eventstore.Forwards, inside, 1)
	if err != nil || p.Commit%wide != 0 || len(there) == 0 || there[0].Position != inside {
		return p, fmt.Errorf("%w: %v appears to be an invalid position", eventstore.ErrUnavailable, p)
	}
	return inside, nil
}

func outside(event eventstore.RecordedEvent) eventstore.RecordedEvent {
	event.Position = eventstore.Position{Commit: event.Position.Commit * wide, Prepare: event.Position.Prepare * wide}
	return event
}

func (b bytewise) ReadAll(ctx context.Context, way eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	from, err := b.inside(from)
	if err != nil {
		return nil, err
	}
	events, err := b.Store.ReadAll(ctx, way, from, limit)
	for i := range events {
		events[i] = outside(events[i])
	}
	return events, err
}

func (b bytewise) End(ctx context.Context) (eventstore.Position, error) {
	end, err := b.Store.End(ctx)
	return eventstore.Position{Commit: end.Commit * wide, Prepare: end.Prepare * wide}, err
}

func (b bytewise) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	from, err := b.inside(from)
	if err != nil {
		return err
	}
	return b.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		m.Event = outside(m.Event)
		m.Position = eventstore.Position{Commit: m.Position.Commit * wide, Prepare: m.Position.Prepare * wide}
		return deliver(m)
	})
}

func TestFeed_beginsAnywhereThoughTheLogDoesNot(t *testing.T) {
	b := newTestLog(t, memory.New())
	b.quarrels(5) // 18 facts
	b.store = bytewise{b.store}
	all := told(t, b.reader().Reader, 0)
	require.Len(t, all, 18)
	for from := uint64(0); from < 19*wide; from += wide / 4 { // the last ones lie where the next event may begin
		require.Equal(t, positionsBehind(all, from), positionsBehind(told(t, b.reader().Reader, from), 0), from)
	}
	for from := uint64(9*wide - 2); from <= 9*wide+2; from++ {
		require.Equal(t, positionsBehind(all, from), positionsBehind(told(t, b.reader().Reader, from), 0), from)
	}
}

func positionsBehind(lines []shape.FeedLine, from uint64) []uint64 {
	positions := []uint64{}
	for _, line := range lines {
		if *line.Position > from {
			positions = append(positions, *line.Position)
		}
	}
	return positions
}

func TestLog_thatIsLongerThanAPageIsWalkedBack(t *testing.T) {
	b := newTestLog(t, memory.New())
	for i := range 1301 {
		b.opens(domaintest.PairOf(alice, domain.PrisonerNumber(fmt.Sprintf("B%04dBB", i))))
	}
	b.store = bytewise{b.store}
	const from = 700*wide + 1 // 601 facts before the end, where no fact lies
	lines := told(t, b.reader().Reader, from)
	require.Len(t, lines, 601)
	require.EqualValues(t, 701*wide, *lines[0].Position)
}

func TestFeed_beginsOnlyWhenTheLogHasAnswered(t *testing.T) {
	b := newTestLog(t, memory.New())
	pairs := b.quarrels(1)
	var heads []uint64
	feed := audit.Feed{
		Begin: func(head uint64) error { heads = append(heads, head); return nil },
		Line: func(audit.Entry) error {
			require.Len(t, heads, 1)
			return nil
		},
	}
	require.NoError(t, b.reader().Feed(t.Context(), feed))
	require.Equal(t, []uint64{uint64(2 * len(pairs))}, heads)

	require.NoError(t, b.store.Close(context.Background()))
	require.ErrorIs(t, b.reader().Feed(t.Context(), feed), audit.ErrUnavailable)
	require.Len(t, heads, 1)
}
