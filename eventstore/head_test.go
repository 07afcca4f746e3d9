package eventstore_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// unsteady is a log whose reads fail when the test says so.
type unsteady struct {
	*memory.Store
	reads int
	fails func(read int) bool
}

func (u *unsteady) ReadAll(ctx context.Context, way eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	u.reads++
	if u.fails(u.reads) {
		return nil, eventstore.ErrUnavailable
	}
	return u.Store.ReadAll(ctx, way, from, limit)
}

func add(t require.TestingT, log eventstore.Store, stream string) eventstore.Position {
	appended, err := log.Append(context.Background(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "test", Data: []byte("{}"), Metadata: []byte("{}")},
	}})
	require.NoError(t, err)
	return appended.Position
}

// Whatever is appended by whom, and whichever reads fail in between: a search
// that returns no error returns the last event of ours. One that failed must
// not make a later one stop too early.
func TestHead_isTheLastEventOfOursWhateverFailedBefore(t *testing.T) {
	prefixes := []string{"nonAssociation-", "prisoner-", "switchOver"}
	rapid.Check(t, func(t *rapid.T) {
		log := &unsteady{Store: memory.New()}
		var found eventstore.Head
		var last, end eventstore.Position
		for n := range rapid.IntRange(1, 12).Draw(t, "steps") {
			for range rapid.IntRange(0, 700).Draw(t, "of others") {
				end = add(t, log, "other-"+uuid.NewString())
			}
			if rapid.Bool().Draw(t, "one of ours") {
				last = add(t, log, rapid.SampledFrom(prefixes).Draw(t, "prefix")+strconv.Itoa(n))
				end = last
			}
			fails := rapid.IntRange(0, 3).Draw(t, "fails at")
			log.reads, log.fails = 0, func(read int) bool { return read == fails }
			head, err := eventstore.FindHead(context.Background(), log, prefixes, found)
			if err != nil {
				require.ErrorIs(t, err, eventstore.ErrUnavailable)
				require.Zero(t, head, "nothing to remember")
				continue
			}
			require.Equal(t, eventstore.Head{Own: last, End: end}, head)
			found = head
		}
	})
}

func TestSearch_forTheHeadStopsWhereThePreviousOneBegan(t *testing.T) {
	log := &unsteady{Store: memory.New(), fails: func(int) bool { return false }}
	prefixes := []string{"ours-"}
	last := add(t, log, "ours-1")
	for range 2000 {
		add(t, log, "other-"+uuid.NewString())
	}
	head, err := eventstore.FindHead(t.Context(), log, prefixes, eventstore.Head{})
	require.NoError(t, err)
	require.Equal(t, last, head.Own)
	add(t, log, "other-last")
	log.reads = 0
	head, err = eventstore.FindHead(t.Context(), log, prefixes, head)
	require.NoError(t, err)
	require.Equal(t, last, head.Own)
	require.LessOrEqual(t, log.reads, 2)
}
