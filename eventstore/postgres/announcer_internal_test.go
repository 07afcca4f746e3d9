package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// announcements makes an announcer with pauses of a length, and returns what it sends.
func announcements(pause time.Duration) (*announcer, chan uint64) {
	sent := make(chan uint64, 10)
	return &announcer{every: pause, send: func(position uint64) { sent <- position }}, sent
}

func TestAnnouncer_announcesOnceInAPause(t *testing.T) {
	t.Parallel()
	a, sent := announcements(time.Hour)
	require.True(t, a.begins(), "the first append announces itself")
	require.False(t, a.begins())
	a.wrote(5)
	require.False(t, a.begins())
	a.wrote(7)
	a.wrote(6) // of a caller that was answered later
	require.Empty(t, sent)
	a.end()
	require.Equal(t, uint64(7), <-sent, "what is owed at the end")
	require.Empty(t, sent)
}

func TestAnnouncer_announcesWhatIsOwedWhenThePauseIsOver(t *testing.T) {
	t.Parallel()
	a, sent := announcements(time.Millisecond)
	require.True(t, a.begins())
	for position := range uint64(20) { // each in the pause behind the one before it, or after that
		a.wrote(position + 1)
		require.Equal(t, position+1, <-sent)
	}
	require.Eventually(t, a.begins, time.Minute, time.Millisecond, "a pause in which nothing was written ends by itself")
	a.end()
	require.Empty(t, sent)
}

// A pause may end between the begin of an append and its commit.
func TestAnnouncer_announcesACommitBehindThePause(t *testing.T) {
	t.Parallel()
	a, sent := announcements(time.Millisecond)
	a.wrote(3)
	require.Equal(t, uint64(3), <-sent)
	a.end()
}

func TestAnnouncer_announcesNothingAfterItsEnd(t *testing.T) {
	t.Parallel()
	a, sent := announcements(time.Hour)
	require.True(t, a.begins())
	a.end()
	a.end()
	a.wrote(4)
	a.over() // a pause that began before the end
	require.Empty(t, sent)
	a.wrote(5)
	require.Nil(t, a.pause, "no pause begins")
}

// While one notification is under way, what is written waits for the next pause: a Postgres
// that is slow to answer has one such session and not many.
func TestAnnouncer_sendsOneAtATime(t *testing.T) {
	t.Parallel()
	a, sent := announcements(time.Hour)
	under, answered := make(chan struct{}), make(chan struct{})
	send := a.send
	a.send = func(position uint64) {
		under <- struct{}{}
		<-answered
		send(position)
	}
	a.wrote(1)
	var first sync.WaitGroup
	first.Go(a.over)
	<-under
	a.wrote(2)
	a.over()
	close(answered)
	first.Wait()
	require.Equal(t, uint64(1), <-sent)
	require.Empty(t, sent)
	first.Go(a.over)
	<-under
	first.Wait()
	require.Equal(t, uint64(2), <-sent)
	a.end()
}
