package nomis_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/localaws"
	"nonassociations/nomis"
)

// soon is how long a fact may take whose absence a test has to see.
const soon = 5 * time.Second

// holdsUp keeps a merge from being worked on until it is released, at the latest
// at the end of the test: before the listeners are stopped.
func (r *fixture) holdsUp(listens func()) (release func()) {
	r.t.Helper()
	r.turn.Lock()
	var once sync.Once
	release = func() { once.Do(r.turn.Unlock) }
	listens()
	r.t.Cleanup(release)
	return release
}

// hiddenUntil is of the message that came first.
func (r *fixture) hiddenUntil() time.Time {
	messages := r.aws.Messages(queue)
	if len(messages) == 0 {
		return time.Time{}
	}
	return messages[0].HiddenUntil()
}

// A message at work is hidden far beyond the queue's own time, again and again
// for as long as it is at work, and no other consumer gets it.
func TestListener_keepsAMessageAtWorkFromOtherConsumers(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.extend = poll
	r.aws.Hide(queue, soon) // less than half a minute: the difference shows
	r.aws.Send(queue, merged("m"))
	release := r.holdsUp(func() { r.listens() })
	require.Eventually(t, func() bool { return time.Until(r.hiddenUntil()) > 20*time.Second }, soon, poll, "it is never hidden anew")
	for range 3 {
		once := r.hiddenUntil()
		require.Eventually(t, func() bool { return r.hiddenUntil().After(once) }, soon, poll, "it is not hidden any longer")
	}

	r.listens() // another one, who gets all that is visible, in order
	r.aws.Send(queue, `{"eventType":"prison-offender-events.prisoner.received"}`)
	require.Eventually(t, func() bool { return len(r.aws.Messages(queue)) == 1 }, patience, poll)
	require.Equal(t, 1, r.aws.Messages(queue)[0].Received)

	release()
	r.isEmpty()
	require.Len(t, r.facts(survivor, third), 1)
	require.Len(t, r.facts(removed, third), 2)
}

// Unless another time is given, it is hidden anew long before it would be seen.
func TestListener_hidesInTime(t *testing.T) {
	extend := nomis.NewListener(nomis.Options{}).Extend
	require.Positive(t, extend)
	require.Less(t, extend, localaws.Visibility/2)
}

// A queue that refuses to hide a message keeps no listener from working on it.
func TestListener_worksOnAMessageThatCannotBeHidden(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.extend = poll
	fail := func(action string) (int, string) {
		if action == "ChangeMessageVisibility" {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
	r.aws.Send(queue, merged("m"))
	release := r.holdsUp(func() { r.listens() })
	require.Eventually(t, func() bool { return r.said.Count("extending SQS visibility failed") > 0 }, patience, poll)
	release()
	r.isEmpty()
	require.Len(t, r.facts(survivor, third), 1)
}
