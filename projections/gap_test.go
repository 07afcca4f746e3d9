package projections_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// scavenged is a log from which an operator has removed facts of one stream.
type scavenged struct {
	eventstore.Store
	stream string
	first  uint64
	last   uint64
}

func (s scavenged) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	return s.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		e := m.Event
		if m.Kind == eventstore.EventAppeared && e.Stream == s.stream && s.first <= e.Revision && e.Revision <= s.last {
			return nil
		}
		return deliver(m)
	})
}

// Whatever is missing of a pair's stream, the line stops in front of the first
// fact behind it and says so: a read model that went on would lack a record
// without a sign.
func TestStream_thatLacksFactsStopsTheConsumer(t *testing.T) {
	for _, missing := range [][2]uint64{{0, 0}, {0, 2}, {2, 2}} {
		t.Run(fmt.Sprint(missing), func(t *testing.T) {
			t.Parallel()
			log := someLog(t, "B1111BB")
			whole := log.last
			pair := pairOf(t, "A1111AA", "C1111CC")
			log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
			id := log.states[pair].Items[0].ID
			for _, comment := range []string{"one", "two", "three"} {
				log.execute(pair, domain.DPS, domain.Amend{ID: id, Comment: &comment})
			}
			log.syncWith("D1111DD")

			dsn, conn := database(t)
			r := start(t, scavenged{log.log, pair.Stream(), missing[0], missing[1]}, dsn)
			var poison *consumer.Poison
			require.Eventually(t, func() bool { return errors.As(r.Status().Failure, &poison) }, patience, poll)
			require.ErrorIs(t, poison, eventstore.ErrNotWhole)
			require.ErrorContains(t, poison, fmt.Sprintf("%s goes on with revision %d where %d must be", pair.Stream(), missing[1]+1, missing[0]))
			r.reaches(t, whole) // the events before it are applied
			require.False(t, isTrue(conn, `SELECT EXISTS (SELECT FROM read_1.prisoner WHERE prisoner_number = 'D1111DD')`))
			require.False(t, viewsThere(conn), "the end of the log was not reached")
		})
	}
}

// The same in a batch of catching up and in a live one, whether or not the
// tables have the pair.
func TestRows_areNotFoldedOverAGap(t *testing.T) {
	log := newLog(t)
	pair := pairOf(t, "A1111AA", "C1111CC")
	log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	for _, comment := range []string{"one", "two"} {
		log.execute(pair, domain.DPS, domain.Amend{ID: log.states[pair].Items[0].ID, Comment: &comment})
	}
	events := ownEvents(t, log.log)
	for _, more := range []bool{false, true} {
		for there := range 2 {
			_, conn := database(t)
			hand := begin(t, conn, log)
			if there > 0 {
				require.NoError(t, hand.Work(t.Context(), conn, events[:there], false))
			}
			require.ErrorIs(t, hand.Work(t.Context(), conn, events[there+1:], more), eventstore.ErrNotWhole)
		}
	}
}
