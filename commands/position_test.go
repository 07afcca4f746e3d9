package commands_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// blind is a server that sends no position with a stream, or none at all.
type blind struct {
	eventstore.Store
	appends bool
}

func (b *blind) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := b.Store.ReadMany(ctx, streams)
	for _, stream := range read {
		for i := range stream.Events {
			stream.Events[i].Position = eventstore.Position{}
		}
	}
	return read
}

func (b *blind) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := b.Store.AppendMany(ctx, appends)
	for i := range outcomes {
		if b.appends {
			outcomes[i].Position = eventstore.Position{}
		}
	}
	return outcomes
}

func TestPosition_ofAnAnswerIsTheHeadNeverZero(t *testing.T) {
	for _, appends := range []bool{false, true} {
		d := newStaffFixture(t)
		d.log.Store = &blind{d.log.Store, appends}
		head := func() eventstore.Position {
			position, err := newHandler(d.log.Store).Head(t.Context())
			require.NoError(t, err)
			require.NotZero(t, position)
			return position
		}
		cause, request := domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(low, "B0001BB"), "apart")
		for range 2 { // the second time from its own facts
			answer, err := d.process(5*time.Second).Sync(t.Context(), cause, request)
			require.NoError(t, err)
			require.Equal(t, head(), answer.Position)
		}
		answer, err := d.process(5*time.Second).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), request)
		require.NoError(t, err)
		require.Equal(t, domain.Unchanged, answer.Outcomes[0][0].Kind)
		require.Equal(t, head(), answer.Position)

		opened := d.does(opening(t, "Apart", "open"))
		require.Equal(t, head(), opened.Position)
		require.Equal(t, opened.Position, d.does(opening(t, "Apart", "open")).Position)
		id := opened.NonAssociation.ID
		d.crashed(amending(id, "Further apart", "lost"))
		require.Equal(t, head(), d.does(amending(id, "Further apart", "lost")).Position)
		cause = domaintest.NewCause(domain.DPS)
		for range 2 {
			receipt, err := d.process(5*time.Second).Execute(t.Context(), cause, opened.Pair, domain.Close{ID: id, ClosedReason: "x"})
			require.NoError(t, err)
			require.Equal(t, head(), receipt.Position)
		}
	}
}

// late is a log in which the append of one stream goes wrong once, so that it is
// appended behind all others.
type late struct {
	*memory.Store
	stream string
	tried  bool
}

func (l *late) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i, write := range appends {
		if write.Stream == l.stream && !l.tried {
			l.tried, outcomes[i].Err = true, eventstore.ErrUnavailable
			continue
		}
		outcomes[i].Appended, outcomes[i].Err = l.Append(ctx, write)
	}
	return outcomes
}

// Whichever pair is written last, and in whatever order the request names them.
func TestPosition_ofAnAnswerCoversEveryPair(t *testing.T) {
	var tells []commands.PairSync
	for _, other := range []domain.PrisonerNumber{"B0001BB", "B0002BB", "B0003BB"} {
		tells = append(tells, told(domaintest.PairOf(low, other), "apart")...)
	}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		for last := range tells {
			log := &late{Store: memory.New(), stream: tells[last].Pair.Stream()}
			answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{tells[order[0]], tells[order[1]], tells[order[2]]})
			require.NoError(t, err)
			events, err := log.ReadAll(t.Context(), eventstore.Backwards, eventstore.End, 1)
			require.NoError(t, err)
			require.Equal(t, log.stream, events[0].Stream)
			require.Equal(t, events[0].Position, answer.Position, "%v, %d last", order, last)
		}
	}
}
