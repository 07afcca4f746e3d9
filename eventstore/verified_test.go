package eventstore_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/storetest"
)

func TestVerified_isAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Setup{Open: func(t testing.TB) eventstore.Store {
		v := eventstore.Verify(memory.New())
		t.Cleanup(func() { require.NoError(t, v.Close(context.Background())) })
		return v
	}})
}

// TestVerified_refusesEveryCallWhileTheLogIsAnother: and passes again with the right one.
func TestVerified_refusesEveryCallWhileTheLogIsAnother(t *testing.T) {
	t.Parallel()
	walked := calls()
	for method := range reflect.TypeFor[eventstore.Store]().Methods() {
		require.True(t, walked[method.Name] != nil || method.Name == "Close", "%s is not walked", method.Name)
	}
	for name, wrong := range wrongLogs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, right := connectedTo(logOf(t, theLog, 5)), memory.New()
			v := eventstore.Verify(log)
			for method, call := range walked {
				requireServed(t, call(t.Context(), v), method)
			}
			right.Replace(log.Store)
			watched(t, v)
			log.Replace(wrong.log)
			require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
			for method, call := range walked {
				err := call(t.Context(), v)
				require.ErrorAs(t, err, new(*eventstore.Mismatch), method)
				require.ErrorIs(t, err, eventstore.ErrUnavailable, method)
				for _, word := range wrong.words {
					require.ErrorContains(t, err, word, method)
				}
			}
			log.Replace(right)
			require.Eventually(t, func() bool { return v.Mismatch() == nil }, patience, poll)
			for method, call := range walked {
				requireServed(t, call(t.Context(), v), method)
			}
		})
	}
}

func requireServed(t *testing.T, err error, method string) {
	t.Helper()
	if !errors.Is(err, errEnough) {
		require.NoError(t, err, method)
	}
}

// TestVerified_acknowledgesNoAppendIntoAnotherLog: not even the first one behind the
// change, where no check has been made yet. A longer log shows by its
// connection.
func TestVerified_acknowledgesNoAppendIntoAnotherLog(t *testing.T) {
	t.Parallel()
	for name, wrong := range wrongLogs(t) {
		for _, method := range []string{"Append", "AppendMany"} {
			t.Run(name+"/"+method, func(t *testing.T) {
				t.Parallel()
				log := connectedTo(logOf(t, theLog, 5))
				v := eventstore.Verify(log)
				_, err := v.Append(t.Context(), anAppend())
				require.NoError(t, err)
				log.Replace(wrong.log)
				log.connections.Add(1)
				require.ErrorAs(t, calls()[method](t.Context(), v), new(*eventstore.Mismatch))
			})
		}
	}
}

// TestShorterLog_needsNoConnectionToShow: the place of the append tells.
func TestShorterLog_needsNoConnectionToShow(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Append", "AppendMany"} {
		log := connectedTo(logOf(t, theLog, 5))
		v := eventstore.Verify(log)
		_, err := v.Append(t.Context(), anAppend())
		require.NoError(t, err)
		log.Replace(memory.New())
		require.ErrorAs(t, calls()[method](t.Context(), v), new(*eventstore.Mismatch), method)
	}
}

// An end says no id: it shows only that it has gone backwards.
func TestEnd_thatGoesBackwardsShows(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]*memory.Store{"lower": logOf(t, theLog, 4), "blank": memory.New()} {
		changing := connectedTo(logOf(t, theLog, 5))
		v := eventstore.Verify(changing)
		_, err := eventstore.FindHead(t.Context(), v, []string{"a-"}, eventstore.Head{})
		require.NoError(t, err)
		changing.Replace(log)
		_, err = v.End(t.Context())
		require.ErrorAs(t, err, new(*eventstore.Mismatch), name)
	}
}

// TestHead_thatGoesBackwardsShows: without a fault, a watch or an append.
func TestHead_thatGoesBackwardsShows(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]*memory.Store{"lower": logOf(t, theLog, 4), "another there": logOf(t, theLog, 5), "blank": memory.New()} {
		changing := connectedTo(logOf(t, theLog, 5))
		v := eventstore.Verify(changing)
		_, err := eventstore.FindHead(t.Context(), v, []string{"a-"}, eventstore.Head{})
		require.NoError(t, err)
		changing.Replace(log)
		_, err = eventstore.FindHead(t.Context(), v, []string{"a-"}, eventstore.Head{})
		require.ErrorAs(t, err, new(*eventstore.Mismatch), name)
	}
}

// TestEvents_ofAnotherLogDoNotPassItOff: what was met of it since is no proof.
func TestEvents_ofAnotherLogDoNotPassItOff(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	v := eventstore.Verify(log)
	_, err := eventstore.FindHead(t.Context(), v, []string{"a-"}, eventstore.Head{})
	require.NoError(t, err)
	log.Replace(logOf(t, theLog, 9))
	_, err = eventstore.FindHead(t.Context(), v, []string{"a-"}, eventstore.Head{})
	require.NoError(t, err, "a longer log does not show at once")
	watched(t, v)
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
}

func TestSubscription_endsWhenTheLogIsAnother(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	v := eventstore.Verify(log)
	caughtUp, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- v.Subscribe(context.Background(), eventstore.Start, nil, func(m eventstore.Message) error {
			if m.Kind == eventstore.CaughtUp {
				close(caughtUp)
			}
			return nil
		})
	}()
	<-caughtUp
	log.Replace(logOf(t, another, 9))
	watched(t, v)
	require.ErrorAs(t, <-ended, new(*eventstore.Mismatch))
}

// TestRepeat_isStillRecognised: its place lies before what was met meanwhile.
func TestRepeat_isStillRecognised(t *testing.T) {
	t.Parallel()
	v := eventstore.Verify(logOf(t, theLog, 1))
	first := happens(t, v)
	was, err := v.Append(t.Context(), first)
	require.NoError(t, err)
	happens(t, v)
	again, err := v.Append(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, was, again)
}

// TestLog_getsItsIDUnderWay: a new log has none, and is no other for having one.
func TestLog_getsItsIDUnderWay(t *testing.T) {
	t.Parallel()
	log := connectedTo(memory.New())
	v := eventstore.Verify(log)
	watched(t, v)
	_, err := eventstore.ReadIdentity(t.Context(), v)
	require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
	id, err := eventstore.WriteIdentity(t.Context(), v, theLog)
	require.NoError(t, err)
	require.Equal(t, theLog, id)
	log.connections.Add(1)
	happens(t, v)
	log.Replace(logOf(t, another, 9))
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
}
