package esdb

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// Twenty ask the same at once. The one that writes is not answered before every
// other one has been told Aborted and has asked again.
func TestRace_ofTheSameAppendIsOneEventAndOneAnswer(t *testing.T) { bothWays(t, raceOfTheSame) }

func raceOfTheSame(t *testing.T, alone bool) {
	const racers = 20
	asked, all := make(chan struct{}, 10_000), make(chan struct{})
	var first sync.Once
	server := newServerFixture(t, memory.New(), esdbserver.Options{
		NoBatchAppend: alone,
		HoldSame:      time.Millisecond,
		Before: func(_ context.Context, method string) error {
			if method == "Append" {
				asked <- struct{}{}
			}
			return nil
		},
		Written: func(ctx context.Context) error {
			first.Do(func() {
				select {
				case <-all:
				case <-ctx.Done():
				}
			})
			return nil
		},
	})
	store, same := server.open(t, Options{}), opening("a")
	answers, errs := make([]eventstore.Appended, racers), make([]error, racers)
	ctx := within(t, waitTime)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() { answers[i], errs[i] = store.Append(ctx, same) })
	}
	for range 3 * racers {
		select {
		case <-asked:
		case <-ctx.Done():
			require.Fail(t, "an append that was answered Aborted is not asked again")
		}
	}
	close(all)
	group.Wait()
	for i := range racers {
		require.NoError(t, errs[i])
		require.Equal(t, answers[0], answers[i])
	}
	events, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, events[0].Position, answers[0].Position)
}

// unknownOutcomes are answers of real servers that do not say what was written.
var unknownOutcomes = []error{
	status.Error(codes.Aborted, "Operation timed out: Commit phase timeout."),
	status.Error(codes.Aborted, "Operation timed out: Prepare phase timeout."),
	status.Error(codes.Aborted, "Operation timed out: Request canceled by server"),
	status.Error(codes.DeadlineExceeded, ""),
	status.Error(codes.Canceled, ""),
	status.Error(codes.Unavailable, "Server Is Not Ready"),
	status.Error(codes.Unavailable, "Server Is Busy"),
	status.Error(codes.ResourceExhausted, ""),
	status.Error(codes.Unknown, "No leader info available in response"),
	status.Error(codes.NotFound, "No leader info available"),
	status.Error(codes.Internal, "stream terminated by RST_STREAM"),
}

// Each answer comes several times in turn, before anything was written and after.
func TestUnknownOutcome_isAskedAgainUntilItIsKnown(t *testing.T) {
	t.Parallel()
	bothWays(t, unknownIsAskedAgain)
}

func unknownIsAskedAgain(t *testing.T, alone bool) {
	const times = 4
	for _, outcome := range unknownOutcomes {
		for name, place := range map[string]func(say func() error) esdbserver.Options{
			"not written": func(say func() error) esdbserver.Options {
				return esdbserver.Options{Before: func(_ context.Context, method string) error {
					if method != "Append" {
						return nil
					}
					return say()
				}}
			},
			"written": func(say func() error) esdbserver.Options {
				return esdbserver.Options{Written: func(context.Context) error { return say() }}
			},
		} {
			t.Run(fmt.Sprint(status.Code(outcome), " ", status.Convert(outcome).Message(), " ", name), func(t *testing.T) {
				t.Parallel()
				var said atomic.Int64
				log := memory.New()
				options := place(func() error {
					if said.Add(1) > times {
						return nil
					}
					return outcome
				})
				options.NoBatchAppend = alone
				store := newServerFixture(t, log, options).open(t, Options{})
				same := opening("a")
				answered := mustAppend(t, store, same)
				require.EqualValues(t, times+1, said.Load())
				events, err := log.ReadStream(t.Context(), "a", eventstore.Forwards, 0, 10)
				require.NoError(t, err)
				require.Len(t, events, 1)
				require.Equal(t, eventstore.Appended{Position: events[0].Position}, answered)
			})
		}
	}
}

// What a server says for certain is asked once, whatever time the caller has.
func TestKnownOutcome_isAskedOnce(t *testing.T) { bothWays(t, knownIsAskedOnce) }

func knownIsAskedOnce(t *testing.T, alone bool) {
	for name, row := range map[string]struct{ said, want error }{
		"deleted":         {eventstore.ErrStreamDeleted, eventstore.ErrStreamDeleted},
		"denied":          {eventstore.ErrDenied, eventstore.ErrDenied},
		"unauthenticated": {status.Error(codes.Unauthenticated, ""), eventstore.ErrDenied},
		"too large":       {eventstore.ErrTooLarge, eventstore.ErrTooLarge},
		"a bad request":   {status.Error(codes.InvalidArgument, "stream name"), eventstore.ErrUnavailable},
		"not served":      {status.Error(codes.Unimplemented, ""), eventstore.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			store := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: alone, Written: func(context.Context) error {
				asked.Add(1)
				return row.said
			}}).open(t, Options{})
			_, err := store.Append(within(t, waitTime), opening("a"))
			require.ErrorIs(t, err, row.want)
			if name == "not served" && !alone { // then the client's own append is tried
				require.EqualValues(t, 2, asked.Load())
				return
			}
			require.EqualValues(t, 1, asked.Load())
		})
	}
	store := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: alone}).open(t, Options{})
	mustAppend(t, store, opening("a"))
	_, err := store.Append(within(t, waitTime), opening("a"))
	require.ErrorIs(t, err, eventstore.ErrConflict)
}

// The server never says what became of it. The tries end with the caller's time,
// which is told as such, with the store, or with the store's own time-out; there
// are few of them.
func TestSameAppend_isAskedAgainWhileTheCallersTimeLasts(t *testing.T) {
	bothWays(t, askedAgainWhileTimeLasts)
}

func askedAgainWhileTimeLasts(t *testing.T, alone bool) {
	var asked atomic.Int64
	often := make(chan struct{}, 10_000)
	server := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: alone, Written: func(context.Context) error {
		asked.Add(1)
		often <- struct{}{}
		return unknownOutcomes[0]
	}})
	store := server.open(t, Options{Timeout: time.Second})

	_, err := store.Append(within(t, time.Second), opening("a"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorContains(t, err, "Commit phase timeout", "the last answer is told")
	require.Greater(t, asked.Load(), int64(2))
	require.Less(t, asked.Load(), int64(30), "there is a pause between tries, and it grows")

	_, err = store.Append(t.Context(), opening("b"))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller set none")

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { _, err := store.Append(ctx, opening("c")); ended <- err }()
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	patient := server.open(t, Options{})
	for len(often) > 0 {
		<-often
	}
	go func() { _, err := patient.Append(within(t, waitTime), opening("d")); ended <- err }()
	<-often
	closed(t, patient)
	err = <-ended
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
}
