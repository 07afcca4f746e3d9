package publisher_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// refusing lets SNS call the messages of some facts invalid.
type refusing struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (w *world) refuses(ids ...uuid.UUID) *refusing {
	r := &refusing{ids: map[string]bool{}}
	for _, id := range ids {
		r.ids[id.String()] = true
	}
	w.failsFor(func(id string) (string, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ids[id] {
			return "InvalidParameter", true
		}
		return "", false
	})
	return r
}

func (r *refusing) no(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, id.String())
}

func (w *world) parked() []store.Parked {
	w.t.Helper()
	o, err := store.Inspect(w.t.Context(), w.dsn)
	require.NoError(w.t, err)
	return o.Parked
}

// lies waits until so many facts lie on the desk, skipped ones not counted.
func (w *world) lies(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		all := 0
		for _, p := range w.parked() {
			if p.State != store.Skipped {
				all++
			}
		}
		return all == n
	}, patience, poll, "%v", w.parked())
}

func (w *world) retry(id uuid.UUID) {
	w.t.Helper()
	require.NoError(w.t, store.RequestRetry(w.t.Context(), w.dsn, string(message.Domain), id))
	w.wake()
}

func (w *world) skip(id uuid.UUID) {
	w.t.Helper()
	require.NoError(w.t, store.RequestSkip(w.t.Context(), w.dsn, string(message.Domain), id, "nobody needs it", time.Now()))
	w.wake()
}

// wake lets the publishers read the requests at once.
func (w *world) wake() {
	for _, p := range w.running {
		p.Wake()
	}
}

func TestInvalidMessage_parksItsPairAndNoOther(t *testing.T) {
	w := newWorld(t, "world")
	first := w.changes(pairNo(0))
	bad := w.changes(pairNo(0))
	after := []uuid.UUID{w.changes(pairNo(0)), w.changes(pairNo(0))}
	refused := w.refuses(bad)
	p := w.start(w.options(message.Domain))
	for i := range 100 {
		w.changes(pairNo(1 + i%10))
	}
	after = append(after, w.changes(pairNo(0)))
	w.hears(message.Domain, append(after, bad)...)
	require.Contains(t, w.heard(), first.String())
	w.lies(4)
	w.checkpointed(message.Domain)
	require.Equal(t, 1, p.Status().Refused)
	require.Equal(t, 3, p.Status().Blocked)
	row := w.parked()[0]
	require.Equal(t, bad, row.EventID)
	require.Equal(t, store.Refused, row.State)
	require.Contains(t, row.Reason, "InvalidParameter")

	w.retry(bad) // and it is refused again
	require.Eventually(t, func() bool { return w.parked()[0].Attempts == 2 && w.parked()[0].Request == "" }, patience, poll)
	require.NotContains(t, w.heard(), bad.String())

	refused.no(bad)
	w.retry(bad)
	w.hears(message.Domain)
	w.lies(0)
	w.changes(pairNo(0))
	w.hears(message.Domain)
	require.Zero(t, p.Status().Refused)
}

func TestSkippedMessage_isNeverPublishedAndItsPairGoesOn(t *testing.T) {
	w := newWorld(t, "world")
	bad := w.changes(pairNo(0))
	w.changes(pairNo(0))
	w.refuses(bad)
	p := w.start(w.options(message.Domain))
	w.lies(2)
	w.skip(bad)
	w.hears(message.Domain, bad)
	w.lies(0)
	require.Len(t, w.parked(), 1, "it stays as a record")
	require.Equal(t, "nobody needs it", w.parked()[0].Reason)
	require.ErrorIs(t, store.RequestRetry(t.Context(), w.dsn, string(message.Domain), bad), store.ErrNothing)
	p.kill()
	w.works()
	w.start(w.options(message.Domain))
	w.changes(pairNo(0))
	w.hears(message.Domain, bad)
	require.NotContains(t, w.heard(), bad.String())
}

func TestParkedMessages_outliveAKill(t *testing.T) {
	w := newWorld(t, "world")
	bad := w.changes(pairNo(0))
	refused := w.refuses(bad)
	p := w.start(w.options(message.Domain))
	w.lies(1)
	p.kill()

	w.changes(pairNo(0))
	w.retry(bad) // while nobody publishes
	p = w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return w.parked()[0].Attempts == 2 }, patience, poll)
	w.lies(2)
	p.kill()
	refused.no(bad)
	w.start(w.options(message.Domain))
	w.changes(pairNo(0))
	w.lies(3)
	w.retry(bad)
	w.hears(message.Domain)
	w.lies(0)
}

func TestTransfer_withAParkedPairIsParkedItself(t *testing.T) {
	w := newWorld(t, "world")
	from, to := pairNo(0), pairNo(1)
	w.changes(from)
	bad := w.changes(from)
	refused := w.refuses(bad)
	p := w.start(w.options(message.Domain))
	w.lies(1)
	w.changes(to)
	arrived, _ := w.renumbers(from, to)
	behind := w.changes(to)
	w.changes(pairNo(2))
	w.lies(3)
	w.hears(message.Domain, bad, arrived, behind)
	p.kill()
	w.start(w.options(message.Domain))
	refused.no(bad)
	w.retry(bad)
	w.hears(message.Domain)
	w.lies(0)
}

// The whole of a batch is refused for one of its messages.
func TestBatch_thatIsRefusedIsSentOneByOne(t *testing.T) {
	w := newWorld(t, "world")
	text := strings.Repeat("x", 300<<10)
	var huge uuid.UUID
	for i := range 50 {
		w.changes(pairNo(i))
	}
	o := w.options(message.History)
	huge = w.happens(pairNo(7), domain.Closed{NonAssociationID: w.opened[pairNo(7)], ClosedReason: text})
	p := w.start(o)
	require.Eventually(t, func() bool { return p.Status().Refused == 1 }, patience, poll)
	w.hears(message.History, huge)
	w.lies(1) // it is counted before it lies there
	require.Contains(t, w.parked()[0].Reason, "BatchRequestTooLong")
}

// Kills with messages on the desk, and an operator who lets them go meanwhile.
func TestKills_withManyParkedMessagesLoseNothing(t *testing.T) {
	w := newWorld(t, "world")
	var bad []uuid.UUID
	for i := range 20 {
		w.changes(pairNo(i))
		bad = append(bad, w.changes(pairNo(i)))
		w.changes(pairNo(i))
		if i%5 == 4 {
			w.renumbers(pairNo(i), pairNo(50+i))
			w.changes(pairNo(50 + i))
		}
	}
	refused := w.refuses(bad...)
	for i, step := range []string{"taken", "sent", "committing", "committed", "committing", "sent", "any", "any", "any", "any"} {
		w.runUntilKilled(step)
		for _, id := range bad[2*i : 2*i+2] {
			refused.no(id)
		}
		for _, p := range w.parked() {
			if p.State == store.Refused {
				w.retry(p.EventID)
			}
		}
		w.changes(pairNo(i))
	}
	w.works()
	w.start(w.options(message.Domain))
	require.Eventually(t, func() bool {
		left := 0
		for _, p := range w.parked() {
			left++
			if p.State == store.Refused && p.Request == "" {
				w.retry(p.EventID)
			}
		}
		return left == 0
	}, patience, poll, fmt.Sprint(w.parked()))
	w.hears(message.Domain)
}
