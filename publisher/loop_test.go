package publisher_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

func TestFact_isPublishedOnceWhenNothingGoesWrong(t *testing.T) {
	w := newHarness(t, "world")
	w.recordParking()
	for i := range 300 {
		w.appendChange(pairNo(i % 60))
	}
	p := w.start(w.options(message.Domain))
	for i := range 300 {
		w.appendChange(pairNo(i % 60))
	}
	published := w.requirePublished(message.Domain)
	require.Len(t, published, 600)
	w.waitForCheckpoint(message.Domain)
	p.kill()

	w.appendChange(pairNo(3))
	w.start(w.options(message.Domain))
	require.Len(t, w.requirePublished(message.Domain), 601, "nothing is published again")
	event := w.eventOf(w.aws.Messages(queue)[600].Body)
	require.Equal(t, message.ChangeAmended, event.AdditionalInformation.Change)
	require.Equal(t, lastPublishedID(w), event.AdditionalInformation.EventID.String())
	require.Empty(t, w.everParked(), "what SNS takes is never written there")
}

func lastPublishedID(w *harness) string {
	published := w.publishedIDs()
	return published[len(published)-1]
}

func TestHistoryTopic_hasItsOwnPace(t *testing.T) {
	w := newHarness(t, "history")
	for i := range 50 {
		w.appendChange(pairNo(i % 7))
	}
	w.appendEventBy(domain.Migration, pairNo(99), domain.Imported{NonAssociationID: uuid.New(), PrisonerNumber: pairNo(99).Numbers()[0], Details: detailsOf(pairNo(99))})
	w.start(w.options(message.History))
	require.Len(t, w.requirePublished(message.History), 51, "the migration too")
}

func TestFIFO_groupIsThePair(t *testing.T) {
	w := newHarness(t, "world.fifo")
	for i := range 40 {
		w.appendChange(pairNo(i % 4))
	}
	w.start(w.options(message.Domain))
	w.requirePublished(message.Domain)
	for _, m := range w.aws.Messages(queue) {
		e := w.eventOf(m.Body)
		require.Equal(t, pairOf(e.AdditionalInformation.PrisonerNumber, e.AdditionalInformation.OtherPrisonerNumber).String(), m.Group)
	}
}

func TestTransfer_isABarrierForBothPairs(t *testing.T) {
	w := newHarness(t, "world")
	w.delay.Store(int64(2 * time.Millisecond))
	for round := range 20 {
		from, to := pairNo(2*round), pairNo(2*round+1)
		for range 3 {
			w.appendChange(from)
			w.appendChange(to)
		}
		w.appendTransfer(from, to)
		w.appendChange(from)
		w.appendChange(to)
	}
	w.start(w.options(message.Domain))
	w.requirePublished(message.Domain)
}

// Every fault passes, and nothing is lost, published out of order or invented. One of
// the whole topic parks nothing.
func TestFaults_ofSNSAreOutlived(t *testing.T) {
	whole := func(status int, code string) func(w *harness) { return func(w *harness) { w.failCalls(status, code) } }
	entries := func(code string) func(w *harness) { return func(w *harness) { w.failEntries(everyThird(code)) } }
	for name, breaks := range map[string]func(w *harness){
		"down":             whole(http.StatusServiceUnavailable, "ServiceUnavailable"),
		"throttling":       whole(http.StatusBadRequest, "Throttled"),
		"denied":           whole(http.StatusForbidden, "AuthorizationError"),
		"no such topic":    whole(http.StatusNotFound, "NotFound"),
		"internal":         whole(http.StatusInternalServerError, "InternalError"),
		"unknown":          whole(http.StatusBadRequest, "SomethingNew"),
		"wrong ARN":        whole(http.StatusBadRequest, "InvalidParameter: Invalid parameter: TopicArn Reason: no such region"),
		"wrong topicArn":   whole(http.StatusBadRequest, "ValidationError: 1 validation error detected: Value at 'topicArn' failed to satisfy constraint"),
		"wrong TOPICARN":   whole(http.StatusBadRequest, "VALIDATIONERROR: VALUE AT 'TOPICARN'"),
		"answers lost":     func(w *harness) { w.lose.Store(30) },
		"slow":             func(w *harness) { w.delay.Store(int64(30 * time.Millisecond)) },
		"silent":           func(w *harness) { w.delay.Store(int64(time.Hour)) },
		"all entries":      func(w *harness) { w.failEntries(func(string) (string, bool) { return "SomethingNew", false }) },
		"single throttle":  entries("Throttled"),
		"single denied":    entries("KMSAccessDenied"),
		"single topicArn":  entries("ValidationError: Value at 'topicArn' failed to satisfy constraint"),
		"single entries":   entries("InternalError"),
		"some whole calls": func(w *harness) { w.failEveryThirdCall() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newHarness(t, "world")
			w.recordParking()
			for i := range 300 {
				w.appendChange(pairNo(i % 40))
			}
			breaks(w)
			faults, options := uint64(200), w.options(message.Domain)
			if name == "silent" { // each costs the time of a call
				faults = 80
				options.Client.WithCallTime(time.Second)
			}
			p := w.start(options)
			require.Eventually(t, func() bool { s := p.Status(); return s.Faults > faults || s.Delivered >= 300 }, waitLimit, pollInterval)
			for i := range 300 {
				w.appendChange(pairNo(i % 40))
			}
			w.clearFaults()
			w.requirePublished(message.Domain)
			w.waitForCheckpoint(message.Domain)
			require.Eventually(t, func() bool { return p.Status().Fault == nil && p.Status().Lag == 0 }, waitLimit, pollInterval)
			require.Zero(t, p.Status().Refused)
			if name != "single entries" { // which may look as if they failed by themselves
				require.Empty(t, w.everParked())
			}
		})
	}
}

// failEveryThirdCall lets each third call fail as a whole.
func (w *harness) failEveryThirdCall() {
	var n atomic.Int64
	fail := func(string) (int, string) {
		if n.Add(1)%3 == 0 {
			return http.StatusServiceUnavailable, "ServiceUnavailable"
		}
		return 0, ""
	}
	w.fail.Store(&fail)
}

// everyThird lets each third entry fail.
func everyThird(code string) func(string) (string, bool) {
	var n atomic.Int64
	return func(string) (string, bool) {
		if n.Add(1)%3 == 0 {
			return code, false
		}
		return "", false
	}
}

// One pair that SNS does not take for a while holds no other pair up.
func TestPair_thatFailsHoldsOnlyItselfUp(t *testing.T) {
	w := newHarness(t, "world")
	stuck := w.appendChange(pairNo(0))
	later := w.appendChange(pairNo(0))
	w.failEntries(func(id string) (string, bool) {
		if id == stuck.String() {
			return "InternalError", false
		}
		return "", false
	})
	w.start(w.options(message.Domain))
	for i := range 200 {
		w.appendChange(pairNo(1 + i%20))
	}
	w.requirePublished(message.Domain, stuck, later)
	w.clearFaults()
	w.requirePublished(message.Domain)
}

func TestSNS_thatIsGoneAltogetherAndComesBack(t *testing.T) {
	w := newHarness(t, "world")
	address := w.aws.URL()[len("http://"):]
	require.NoError(t, w.aws.Stop(context.Background()))
	for i := range 100 {
		w.appendChange(pairNo(i % 10))
	}
	p := w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return p.Status().Fault != nil }, waitLimit, pollInterval)
	w.startSNS(address, "world")
	w.requirePublished(message.Domain)
}

// A kill at each step of the loop, again and again, while commands run.
func TestKills_atEveryStepLoseNothing(t *testing.T) {
	for _, step := range []string{"taken", "sent", "committing", "committed", "any"} {
		t.Run(step, func(t *testing.T) {
			w := newHarness(t, "world")
			commanding, done := context.WithCancel(t.Context())
			written := make(chan struct{})
			go func() {
				defer close(written)
				for i := 0; i < 300 && commanding.Err() == nil; i++ {
					if i%50 == 49 {
						w.appendTransfer(pairNo(i%37), pairNo(100+i))
					}
					w.appendChange(pairNo(i % 37))
				}
			}()
			w.failEntries(everyThird("Throttled"))
			kills := 0
			for range 8 {
				if w.runUntilKilled(step) {
					kills++
				}
			}
			<-written
			done()
			w.clearFaults()
			w.start(w.options(message.Domain))
			published := w.requirePublished(message.Domain)
			t.Logf("%d kills, %d sent, %d distinct", kills, len(published), w.distinct())
			require.Positive(t, kills)
		})
	}
}

// runUntilKilled lets a publisher work until it has come to the step a few
// times, and stops it there: what it would have done next it never does. It
// reports whether the publisher came to the step before all was published.
func (w *harness) runUntilKilled(at string) bool {
	var left atomic.Int64
	left.Store(1 + rand.Int64N(10))
	killed := make(chan struct{})
	dead, end := context.WithCancel(context.Background())
	defer end()
	o := w.options(message.Domain).WithStep(func(step string) {
		if at != "any" && step != at {
			return
		}
		if n := left.Add(-1); n == 0 {
			close(killed)
			<-dead.Done() // the others go on until they are stopped, as other threads would
		}
	})
	p := w.start(o)
	require.Eventually(w.t, func() bool {
		select {
		case <-killed:
			return true
		default:
			return p.Status().Leader && w.isAtHead(p) // there is nothing left to do
		}
	}, waitLimit, pollInterval)
	p.stop()
	end()
	<-p.ended
	return left.Load() <= 0
}

// isAtHead reports whether the publisher is at the end of the log.
func (w *harness) isAtHead(p *runningPublisher) bool {
	last, err := w.log.ReadAll(context.Background(), eventstore.Backwards, eventstore.End, 1)
	return err == nil && !p.Status().Position.Before(last[0].Position)
}

func TestPublishers_oneWorksAndTheOtherTakesOver(t *testing.T) {
	w := newHarness(t, "world")
	first := w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return first.Status().Leader }, waitLimit, pollInterval)
	second := w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return second.Status().Waiting }, waitLimit, pollInterval)
	for i := range 100 {
		w.appendChange(pairNo(i % 10))
	}
	require.Len(t, w.requirePublished(message.Domain), 100)
	w.waitForCheckpoint(message.Domain)
	first.kill()
	began := time.Now()
	w.appendChange(pairNo(1))
	require.Len(t, w.requirePublished(message.Domain), 101)
	require.Less(t, time.Since(began), 10*time.Second)
	require.True(t, second.Status().Leader)
}
