package eventstore_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func TestLog_withoutAnIDReportsIt(t *testing.T) {
	_, err := eventstore.ReadIdentity(t.Context(), memory.New())
	require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
}

func TestFirstID_ofALogStays(t *testing.T) {
	log, first := memory.New(), uuid.New()
	for _, id := range []uuid.UUID{first, first, uuid.New()} {
		got, err := eventstore.WriteIdentity(t.Context(), log, id)
		require.NoError(t, err)
		require.Equal(t, first, got)
	}
	got, err := eventstore.ReadIdentity(t.Context(), log)
	require.NoError(t, err)
	require.Equal(t, first, got)
}

func TestIdentity_theLoserOfTheRaceReadsTheWinners(t *testing.T) {
	log := memory.New()
	got := make([]uuid.UUID, 20)
	var group errgroup.Group
	for i := range got {
		group.Go(func() (err error) {
			got[i], err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, id := range got {
		require.Equal(t, got[0], id)
	}
	require.NotEqual(t, uuid.Nil, got[0])
}

func TestID_isNeverGuessed(t *testing.T) {
	for name, event := range map[string]eventstore.Event{
		"another type": {ID: uuid.New(), Type: "something.else.v1", Data: []byte(`{"storeId":"6f1fd6a1-0000-4000-8000-000000000001"}`)},
		"no JSON":      {ID: uuid.New(), Type: "app.store-identified.v1", Data: []byte(`x`)},
		"no id":        {ID: uuid.New(), Type: "app.store-identified.v1", Data: []byte(`{}`)},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.New()
			_, err := log.Append(t.Context(), eventstore.Append{Stream: "app-meta", Expected: eventstore.NoStream, Events: []eventstore.Event{event}})
			require.NoError(t, err)
			_, err = eventstore.ReadIdentity(t.Context(), log)
			require.Error(t, err)
			require.NotErrorIs(t, err, eventstore.ErrStreamNotFound)
			_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
			require.Error(t, err)
		})
	}
}

func TestStore_thatIsAwayIsNoMissingID(t *testing.T) {
	log := memory.New()
	require.NoError(t, log.Close(context.Background()))
	_, err := eventstore.ReadIdentity(t.Context(), log)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
}
