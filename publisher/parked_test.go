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

// refusals lets SNS call the messages of some facts invalid.
type refusals struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (w *harness) refuse(ids ...uuid.UUID) *refusals {
	r := &refusals{ids: map[string]bool{}}
	for _, id := range ids {
		r.ids[id.String()] = true
	}
	w.failEntries(func(id string) (string, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ids[id] {
			return "InvalidParameter", true
		}
		return "", false
	})
	return r
}

func (r *refusals) accept(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, id.String())
}

func (w *harness) parked() []store.Parked {
	w.t.Helper()
	var all []store.Parked
	for _, topic := range []message.Topic{message.Domain, message.History} {
		rows, err := store.All(w.t.Context(), w.db, string(topic))
		require.NoError(w.t, err)
		all = append(all, rows...)
	}
	return all
}

// waitForParked waits until so many messages are parked, skipped ones not counted.
func (w *harness) waitForParked(n int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		all := 0
		for _, p := range w.parked() {
			if p.State != store.Skipped {
				all++
			}
		}
		return all == n
	}, waitLimit, pollInterval, "%v", w.parked())
}

func (w *harness) retry(id uuid.UUID) {
	w.t.Helper()
	require.NoError(w.t, store.RequestRetry(w.t.Context(), w.dsn, string(message.Domain), id))
	w.wake()
}

func (w *harness) skip(id uuid.UUID) {
	w.t.Helper()
	require.NoError(w.t, store.RequestSkip(w.t.Context(), w.dsn, string(message.Domain), id, "nobody needs it", time.Now()))
	w.wake()
}

// wake lets the publishers read the requests at once.
func (w *harness) wake() {
	for _, p := range w.running {
		p.Wake()
	}
}

func TestInvalidMessage_parksItsPairAndNoOther(t *testing.T) {
	w := newHarness(t, "world")
	first := w.appendChange(pairNo(0))
	bad := w.appendChange(pairNo(0))
	after := []uuid.UUID{w.appendChange(pairNo(0)), w.appendChange(pairNo(0))}
	refused := w.refuse(bad)
	p := w.start(w.options(message.Domain))
	for i := range 100 {
		w.appendChange(pairNo(1 + i%10))
	}
	after = append(after, w.appendChange(pairNo(0)))
	w.requirePublished(message.Domain, append(after, bad)...)
	require.Contains(t, w.publishedIDs(), first.String())
	w.waitForParked(4)
	w.waitForCheckpoint(message.Domain)
	require.Equal(t, 1, p.Status().Refused)
	require.Equal(t, 3, p.Status().Blocked)
	row := w.parked()[0]
	require.Equal(t, bad, row.EventID)
	require.Equal(t, store.Refused, row.State)
	require.Contains(t, row.Reason, "InvalidParameter")

	w.retry(bad) // and it is refused again
	require.Eventually(t, func() bool { return w.parked()[0].Attempts == 2 && w.parked()[0].Request == "" }, waitLimit, pollInterval)
	require.NotContains(t, w.publishedIDs(), bad.String())

	refused.accept(bad)
	w.retry(bad)
	w.requirePublished(message.Domain)
	w.waitForParked(0)
	w.appendChange(pairNo(0))
	w.requirePublished(message.Domain)
	require.Zero(t, p.Status().Refused)
}

func TestSkippedMessage_isNeverPublishedAndItsPairGoesOn(t *testing.T) {
	w := newHarness(t, "world")
	bad := w.appendChange(pairNo(0))
	w.appendChange(pairNo(0))
	w.refuse(bad)
	p := w.start(w.options(message.Domain))
	w.waitForParked(2)
	w.skip(bad)
	w.requirePublished(message.Domain, bad)
	w.waitForParked(0)
	require.Len(t, w.parked(), 1, "it stays as a record")
	require.Equal(t, "nobody needs it", w.parked()[0].Reason)
	require.ErrorIs(t, store.RequestRetry(t.Context(), w.dsn, string(message.Domain), bad), store.ErrNothing)
	p.kill()
	w.clearFaults()
	w.start(w.options(message.Domain))
	w.appendChange(pairNo(0))
	w.requirePublished(message.Domain, bad)
	require.NotContains(t, w.publishedIDs(), bad.String())
}

func TestParkedMessages_outliveAKill(t *testing.T) {
	w := newHarness(t, "world")
	bad := w.appendChange(pairNo(0))
	refused := w.refuse(bad)
	p := w.start(w.options(message.Domain))
	w.waitForParked(1)
	p.kill()

	w.appendChange(pairNo(0))
	w.retry(bad) // while no publisher runs
	p = w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return w.parked()[0].Attempts == 2 }, waitLimit, pollInterval)
	w.waitForParked(2)
	p.kill()
	refused.accept(bad)
	w.start(w.options(message.Domain))
	w.appendChange(pairNo(0))
	w.waitForParked(3)
	w.retry(bad)
	w.requirePublished(message.Domain)
	w.waitForParked(0)
}

func TestTransfer_withAParkedPairIsParkedItself(t *testing.T) {
	w := newHarness(t, "world")
	from, to := pairNo(0), pairNo(1)
	w.appendChange(from)
	bad := w.appendChange(from)
	refused := w.refuse(bad)
	p := w.start(w.options(message.Domain))
	w.waitForParked(1)
	w.appendChange(to)
	arrived, _ := w.appendTransfer(from, to)
	behind := w.appendChange(to)
	w.appendChange(pairNo(2))
	w.waitForParked(3)
	w.requirePublished(message.Domain, bad, arrived, behind)
	p.kill()
	w.start(w.options(message.Domain))
	refused.accept(bad)
	w.retry(bad)
	w.requirePublished(message.Domain)
	w.waitForParked(0)
}

// The whole of a batch is refused for one of its messages.
func TestBatch_thatIsRefusedIsSentOneByOne(t *testing.T) {
	w := newHarness(t, "world")
	text := strings.Repeat("x", 300<<10)
	var huge uuid.UUID
	for i := range 50 {
		w.appendChange(pairNo(i))
	}
	o := w.options(message.History)
	huge = w.appendEvent(pairNo(7), domain.Closed{NonAssociationID: w.opened[pairNo(7)], ClosedReason: text})
	p := w.start(o)
	require.Eventually(t, func() bool { return p.Status().Refused == 1 }, waitLimit, pollInterval)
	w.requirePublished(message.History, huge)
	w.waitForParked(1) // it is counted before it lies there
	require.Contains(t, w.parked()[0].Reason, "BatchRequestTooLong")
}

// Kills with messages on the desk, and an operator who lets them go meanwhile.
func TestKills_withManyParkedMessagesLoseNothing(t *testing.T) {
	w := newHarness(t, "world")
	var bad []uuid.UUID
	for i := range 20 {
		w.appendChange(pairNo(i))
		bad = append(bad, w.appendChange(pairNo(i)))
		w.appendChange(pairNo(i))
		if i%5 == 4 {
			w.appendTransfer(pairNo(i), pairNo(50+i))
			w.appendChange(pairNo(50 + i))
		}
	}
	refused := w.refuse(bad...)
	for i, step := range []string{"taken", "sent", "committing", "committed", "committing", "sent", "any", "any", "any", "any"} {
		w.runUntilKilled(step)
		for _, id := range bad[2*i : 2*i+2] {
			refused.accept(id)
		}
		for _, p := range w.parked() {
			if p.State == store.Refused {
				w.retry(p.EventID)
			}
		}
		w.appendChange(pairNo(i))
	}
	w.clearFaults()
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
	}, waitLimit, pollInterval, fmt.Sprint(w.parked()))
	w.requirePublished(message.Domain)
}
