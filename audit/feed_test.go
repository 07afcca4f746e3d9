package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/web/shape"
)

// told is the feed from a position to the end.
func told(t *testing.T, r *audit.Reader, from uint64) []shape.FeedLine {
	t.Helper()
	var lines []shape.FeedLine
	require.NoError(t, r.Feed(t.Context(), audit.Feed{From: from, Line: func(e audit.Entry) error {
		lines = append(lines, lineOf(e))
		return nil
	}}))
	return lines
}

// quarrels writes n rounds of facts of three pairs that take turns.
func (b *testLog) quarrels(rounds int) []domain.Pair {
	pairs := []domain.Pair{domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol), domaintest.PairOf(bob, carol)}
	ids := make([]uuid.UUID, len(pairs))
	for i, pair := range pairs {
		ids[i] = b.opens(pair)
	}
	for round := range rounds {
		for i, pair := range pairs {
			b.amends(pair, ids[i], fmt.Sprintf("round %d", round))
		}
	}
	return pairs
}

func TestFeed_agreesWithTheHistories(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		_, err := eventstore.WriteIdentity(t.Context(), b.store, uuid.New()) // a stream that is not of a pair
		require.NoError(t, err)
		pairs := b.quarrels(3)
		lines := told(t, b.reader().Reader, 0)
		require.Len(t, lines, 12)
		for _, number := range []domain.PrisonerNumber{alice, bob, carol} {
			history, err := b.reader().OfPrisoner(t.Context(), streams(pairs...), number)
			require.NoError(t, err)
			require.Equal(t, history.Entries, concerning(lines, number))
		}
		require.Contains(t, asJSON(t, lines[0]), "prisonerNumbers")
		require.Contains(t, asJSON(t, lines[0]), "eventId")
	})
}

func TestFeed_thatRemembersNothingGivesTheSame(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		b.quarrels(5)
		forgetful := audit.New(b.store, audit.Options{London: london, FeedMemory: 1})
		require.Equal(t, told(t, b.reader().Reader, 0), told(t, forgetful, 0))
	})
}

func TestFeed_goesOnWithoutGapOrDuplicateFromEveryLine(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		b.quarrels(2)
		all := told(t, b.reader().Reader, 0)
		for i, line := range all {
			require.Equal(t, all[i+1:], append([]shape.FeedLine{}, told(t, b.reader().Reader, *line.Position)...))
		}
	})
}

func TestFeed_followsTheLiveTail(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)
		lines, caughtUp := make(chan shape.FeedLine, 10), make(chan struct{})
		ended := follow(t, b, lines, caughtUp)
		<-caughtUp
		b.amends(pair, id, "live")
		b.amends(pair, id, "livelier")
		first, second, third := <-lines, <-lines, <-lines
		require.Equal(t, domain.TypeOpened, first.Type)
		require.Equal(t, "live", *second.After.Comment)
		require.Equal(t, second.After, third.Before)
		require.Equal(t, "livelier", *third.After.Comment)

		require.NoError(t, b.store.Close(context.Background()))
		require.ErrorIs(t, <-ended, eventstore.ErrUnavailable, "an outage is no end")
	})
}

func follow(t *testing.T, b *testLog, lines chan<- shape.FeedLine, caughtUp chan<- struct{}) <-chan error {
	ended := make(chan error, 1)
	go func() {
		ended <- b.reader().Feed(t.Context(), audit.Feed{
			Follow:   true,
			Line:     func(e audit.Entry) error { lines <- lineOf(e); return nil },
			CaughtUp: func() error { close(caughtUp); return nil },
		})
	}()
	return ended
}

func TestFeed_isStoppedByItsReceiver(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		b.quarrels(1)
		gone, lines := errors.New("the caller has gone"), 0
		err := b.reader().Feed(t.Context(), audit.Feed{Line: func(audit.Entry) error {
			lines++
			if lines == 2 {
				return gone
			}
			return nil
		}})
		require.ErrorIs(t, err, gone)
		require.Equal(t, 2, lines)

		ctx, cancel := context.WithCancel(t.Context())
		err = b.reader().Feed(ctx, audit.Feed{Follow: true, Line: func(audit.Entry) error { cancel(); return nil }})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// flaky is a log whose streams cannot be read any more, or which has lost some.
type flaky struct {
	eventstore.Store

	events []eventstore.RecordedEvent
	err    error
}

func (f flaky) ReadStream(context.Context, string, eventstore.Direction, uint64, int) ([]eventstore.RecordedEvent, error) {
	return f.events, f.err
}

func TestOutage_orAHoleInMidFeedIsAnErrorNotAnEnd(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pairs := b.quarrels(2)
		whole, err := b.store.ReadStream(t.Context(), pairs[0].Stream(), eventstore.Forwards, 0, 10)
		require.NoError(t, err)
		for name, log := range map[string]flaky{
			"away":         {Store: b.store, err: eventstore.ErrUnavailable},
			"lost":         {Store: b.store, err: eventstore.ErrStreamNotFound},
			"ends early":   {Store: b.store},
			"begins later": {Store: b.store, events: whole[1:]},
		} {
			var lines []shape.FeedLine
			err := audit.New(log, audit.Options{London: london}).Feed(t.Context(), audit.Feed{
				From: 3, // the state of each pair must be loaded
				Line: func(e audit.Entry) error { lines = append(lines, lineOf(e)); return nil },
			})
			require.Error(t, err, name)
			require.Empty(t, lines, name)
			if name == "away" {
				require.ErrorIs(t, err, eventstore.ErrUnavailable)
				continue
			}
			require.ErrorIs(t, err, eventstore.ErrNotWhole, name)
		}
	})
}

func concerning(lines []shape.FeedLine, number domain.PrisonerNumber) []shape.Entry {
	var entries []shape.Entry
	for _, line := range lines {
		if line.PrisonerNumbers[0] == number || line.PrisonerNumbers[1] == number {
			entries = append(entries, line.Entry)
		}
	}
	return entries
}
