package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/internal/dev/testdb"
)

// moved reports whether a subscription that last read the log at was, and waits
// for next, has reason to look.
func (h *headNotifier) moved(was headSeen, next int64) bool {
	now, _ := h.watch()
	return now.since(was, next)
}

func TestHint_isFollowedOnceAndNeverTrusted(t *testing.T) {
	h := newHeadNotifier()
	h.reached(10)
	was, changed := h.watch()
	require.False(t, h.moved(was, 11))
	h.hint(10)
	require.False(t, h.moved(was, 11), "what is known is no reason")

	h.hint(9_000_000)
	<-changed
	require.True(t, h.moved(was, 11))
	was, _ = h.watch()
	require.False(t, h.moved(was, 11), "it was heard before the log was read")
	h.looked(was)
	h.reached(11) // written here, and seen
	require.False(t, h.moved(was, 12), "a hint that did not come true counts no longer")

	h.hint(12)
	require.True(t, h.moved(was, 12), "nor does it drown a later one")
	h.hint(14)
	h.hint(13)
	require.True(t, h.moved(was, 14), "nor is that drowned by an older one")
}

func TestHint_thatComesWhileTheLogIsReadIsKept(t *testing.T) {
	h := newHeadNotifier()
	h.hint(5)
	was, _ := h.watch()
	h.hint(5)
	h.looked(was)
	require.True(t, h.moved(was, 5))
}

func TestHeadNotifier_oldPositionsAreNewInAShorterLog(t *testing.T) {
	h := newHeadNotifier()
	h.reached(100)
	was, _ := h.watch()
	h.forget()
	require.True(t, h.moved(was, 51), "all look again")
	was, _ = h.watch()
	require.False(t, h.moved(was, 51), "once")
	h.hint(51)
	require.True(t, h.moved(was, 51))
	h.forget()
	was, _ = h.watch()
	h.reached(51)
	require.True(t, h.moved(was, 51))
}

// What is told is taken back by the first subscription that has looked, so that
// one wrong word does not cost a look for every append from then on.
func TestHint_thatIsFalseIsTakenBack(t *testing.T) {
	dsn := testdb.New(t)
	require.NoError(t, Migrate(t.Context(), dsn))
	store, err := Open(t.Context(), dsn, Options{Poll: time.Hour})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- store.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { return nil })
	}()
	state := func() headSeen { now, _ := store.head.watch(); return now }
	require.Eventually(t, func() bool {
		_, err := store.reading.Exec(t.Context(), "SELECT pg_notify('eventstore', '9000000000000000000')")
		return err == nil && state().hints > 0
	}, 20*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return state().announced == 0 }, 20*time.Second, time.Millisecond)
	require.Zero(t, state().at)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, store.Close(context.Background()))
}
