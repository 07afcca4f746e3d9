package commands_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// awkward is a log in which single streams go wrong.
type awkward struct {
	*memory.Store
	reads, appends map[string]error
}

func (a *awkward) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := a.Store.ReadMany(ctx, streams)
	for i, stream := range streams {
		if err := a.reads[stream]; err != nil {
			read[i] = eventstore.Stream{Err: err}
		}
	}
	return read
}

func (a *awkward) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i, write := range appends {
		if err := a.appends[write.Stream]; err != nil {
			outcomes[i].Err = err
			continue
		}
		outcomes[i].Appended, outcomes[i].Err = a.Append(ctx, write)
	}
	return outcomes
}

func (a *awkward) plant(t *testing.T, stream string, events int) {
	t.Helper()
	var planted []eventstore.Event
	for range events {
		planted = append(planted, eventstore.Event{ID: uuid.New(), Type: domain.TypeDeleted, Data: []byte(`{}`), Metadata: []byte(`{}`)})
	}
	_, err := a.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: planted})
	require.NoError(t, err)
}

// badPairs are the ways in which one pair cannot be read or written, each with
// its fault; none is told where it is tried until the time is over.
var badPairs = map[string]struct {
	spoil func(t *testing.T, log *awkward, stream string)
	fault error
}{
	"an event that this build cannot read": {func(t *testing.T, log *awkward, stream string) {
		_, err := log.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{
			{ID: uuid.New(), Type: "nonassociation.unheard-of.v1", Data: []byte(`{}`), Metadata: []byte(`{}`)},
		}})
		require.NoError(t, err)
	}, domain.ErrUnknownType("nonassociation.unheard-of.v1")},
	"deleted softly": {func(t *testing.T, log *awkward, stream string) {
		log.plant(t, stream, 2)
		log.Delete(stream)
	}, eventstore.ErrNotWhole},
	"begun again behind what was deleted": {func(t *testing.T, log *awkward, stream string) {
		log.plant(t, stream, 2)
		log.Delete(stream)
		log.plant(t, stream, 1)
	}, eventstore.ErrNotWhole},
	"deleted for ever": {func(_ *testing.T, log *awkward, stream string) { log.Tombstone(stream) }, eventstore.ErrStreamDeleted},
	"reading denied": {func(t *testing.T, log *awkward, stream string) {
		log.plant(t, stream, 1)
		log.reads[stream] = eventstore.ErrDenied
	}, eventstore.ErrDenied},
	"never read in time": {func(t *testing.T, log *awkward, stream string) {
		log.plant(t, stream, 1)
		log.reads[stream] = eventstore.ErrUnavailable
	}, nil},
	"writing denied": {func(_ *testing.T, log *awkward, stream string) { log.appends[stream] = eventstore.ErrDenied }, eventstore.ErrDenied},
	"too large":      {func(_ *testing.T, log *awkward, stream string) { log.appends[stream] = eventstore.ErrTooLarge }, eventstore.ErrTooLarge},
	"never written in time": {func(_ *testing.T, log *awkward, stream string) {
		log.appends[stream] = eventstore.ErrUnavailable
	}, nil},
}

// requestOf tells of so many pairs, in an order that is not that of the streams.
func requestOf(t *testing.T, pairs int) []commands.PairSync {
	t.Helper()
	var tells []commands.PairSync
	for n := range pairs {
		tells = append(tells, told(domaintest.PairOf(low, domain.PrisonerNumber(fmt.Sprintf("B%04dBB", n*7919%pairs))), "apart")...)
	}
	return tells
}

func TestFault_staysWithItsPair(t *testing.T) {
	for name, bad := range badPairs {
		for _, pairs := range []int{3, 300} { // in one group, and in three
			for _, at := range []int{0, pairs / 2, pairs - 1} {
				t.Run(fmt.Sprintf("%s, pair %d of %d", name, at, pairs), func(t *testing.T) {
					t.Parallel()
					log := &awkward{memory.New(), map[string]error{}, map[string]error{}}
					tells := requestOf(t, pairs)
					stream := tells[at].Pair.Stream()
					bad.spoil(t, log, stream)
					h := commands.New(log, commands.Options{Clock: clock, Timeout: time.Minute})
					log.tellsAll(t, h, tells, at, bad.fault, 1)
					for i := range tells { // and again, of pairs that are known by now and must be loaded
						tells[i].Sync.Items[0].TypeCode = domain.TypeCell
					}
					log.tellsAll(t, h, tells, at, bad.fault, 2)
				})
			}
		}
	}
}

// tellsAll tells of all pairs, of which one is bad: the others have so many facts
// then, while the bad one is answered with its fault, or is still tried (nil).
func (a *awkward) tellsAll(t *testing.T, h *commands.Handler, tells []commands.PairSync, bad int, fault error, count int) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	answer := make(chan error, 1)
	go func() {
		_, err := h.Sync(ctx, domaintest.NewCause(domain.NOMIS), tells)
		answer <- err
	}()
	othersAreDone := func() bool {
		for i, tell := range tells {
			if events := a.Store.ReadMany(t.Context(), []string{tell.Pair.Stream()})[0].Events; i != bad && len(events) != count {
				return false
			}
		}
		return true
	}
	if fault == nil {
		require.Eventually(t, othersAreDone, 20*time.Second, 10*time.Millisecond)
		leave()
		require.ErrorIs(t, <-answer, context.Canceled)
		return
	}
	require.ErrorIs(t, <-answer, fault)
	require.True(t, othersAreDone())
}

func TestSync_returnsTheFirstFaultOfTheRequest(t *testing.T) {
	tells := requestOf(t, 3)
	for _, order := range [][2]int{{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}} {
		log := &awkward{memory.New(), map[string]error{}, map[string]error{}}
		log.appends[tells[order[0]].Pair.Stream()] = eventstore.ErrDenied
		log.appends[tells[order[1]].Pair.Stream()] = eventstore.ErrTooLarge
		first := eventstore.ErrDenied
		if order[1] < order[0] {
			first = eventstore.ErrTooLarge
		}
		_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), tells)
		require.ErrorIs(t, err, first)
	}
}

// A guess is appended before anything is read. Where the stream had lost its
// beginning, the fact lies behind it: that is said, and never answered as new.
func TestOptimisticAppend_afterALostBeginningIsAFault(t *testing.T) {
	log := &awkward{memory.New(), map[string]error{}, map[string]error{}}
	tells := requestOf(t, 3)
	log.plant(t, tells[1].Pair.Stream(), 2)
	log.Delete(tells[1].Pair.Stream())
	_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), tells)
	require.ErrorIs(t, err, eventstore.ErrNotWhole)
	require.Len(t, facts(t, log, tells[0].Pair), 1)
	require.Len(t, facts(t, log, tells[2].Pair), 1)
}

// Staff and NOMIS, whatever they ask of a stream that lost its beginning.
func TestDecide_nothingOnAStreamThatLostItsBeginning(t *testing.T) {
	pair, id := domaintest.PairOf(low, high), uuid.New()
	comment := "other"
	for _, command := range []domain.Command{
		domain.Open{FirstPrisoner: high, Reason: domain.Threat, Restriction: domain.Cell},
		domain.Amend{ID: id, Comment: &comment},
		domain.Close{ID: id},
		domain.Reopen{ID: id},
		domain.Delete{ID: id},
		told(pair, "apart")[0].Sync,
	} {
		for _, left := range []int{0, 1, 2} { // facts behind the beginning
			log := &awkward{memory.New(), map[string]error{}, map[string]error{}}
			log.plant(t, pair.Stream(), 3)
			log.Delete(pair.Stream())
			if left > 0 {
				log.plant(t, pair.Stream(), left)
			}
			_, err := newHandler(log).Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, command)
			require.ErrorIs(t, err, eventstore.ErrNotWhole, "%T with %d left", command, left)
			require.NotErrorAs(t, err, new(domain.Refusal))
			require.ErrorContains(t, err, pair.Stream())
			events, err := log.ReadAll(t.Context(), eventstore.Backwards, eventstore.End, 100)
			require.NoError(t, err)
			require.Len(t, events, 3+left)
		}
	}
}

// slow is a log that answers of one stream only when it is let go.
type slow struct {
	*memory.Store
	stream string
	asked  chan struct{} // closed when it was asked first
	let    chan struct{}
}

func (s *slow) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i, write := range appends {
		if write.Stream == s.stream && !s.letGo() {
			outcomes[i].Err = eventstore.ErrUnavailable
			continue
		}
		outcomes[i].Appended, outcomes[i].Err = s.Append(ctx, write)
	}
	return outcomes
}

func (s *slow) letGo() bool {
	select {
	case <-s.let:
		return true
	default:
		if !closed(s.asked) {
			close(s.asked)
		}
		return false
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestPair_thatIsDoneGivesUpItsTurnAtOnce(t *testing.T) {
	tells := requestOf(t, 5)
	for held := range tells {
		log := &slow{memory.New(), tells[held].Pair.Stream(), make(chan struct{}), make(chan struct{})}
		h := commands.New(log, commands.Options{Clock: clock, Timeout: time.Minute})
		first := make(chan error, 1)
		go func() {
			_, err := h.Sync(context.WithoutCancel(t.Context()), domaintest.NewCause(domain.NOMIS), tells)
			first <- err
		}()
		select {
		case <-log.asked:
		case err := <-first:
			require.FailNow(t, "it did not wait", err)
		}
		others := slices.Delete(slices.Clone(tells), held, held+1)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := h.Sync(ctx, domaintest.NewCause(domain.NOMIS), others)
		cancel()
		close(log.let)
		require.NoError(t, <-first)
		require.NoError(t, err, "the others are free while pair %d is not", held)
	}
}
