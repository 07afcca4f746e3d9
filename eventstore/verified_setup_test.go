package eventstore_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// connected is a log that counts its connections.
type connected struct {
	*memory.Store

	connections atomic.Uint64
}

func (c *connected) Connections() uint64 { return c.connections.Load() }

func connectedTo(log *memory.Store) *connected { return &connected{Store: log} }

// logOf is a log with an id, unless that is zero, and a number of events.
func logOf(t *testing.T, id uuid.UUID, events int) *memory.Store {
	t.Helper()
	log := memory.New()
	if id != uuid.Nil {
		_, err := eventstore.WriteIdentity(t.Context(), log, id)
		require.NoError(t, err)
	}
	for range events {
		happens(t, log)
	}
	return log
}

func happens(t *testing.T, log eventstore.Store) eventstore.Append {
	t.Helper()
	one := anAppend()
	_, err := log.Append(t.Context(), one)
	require.NoError(t, err)
	return one
}

func anAppend() eventstore.Append {
	return eventstore.Append{Stream: "a-" + uuid.NewString(), Expected: eventstore.NoStream, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "happened", Data: []byte("{}"), Metadata: []byte("{}")},
	}}
}

var theLog, another = uuid.MustParse("11111111-1111-4111-8111-111111111111"), uuid.MustParse("22222222-2222-4222-8222-222222222222")

// wrongLogs are all that may stand where a log of id and five events was.
func wrongLogs(t *testing.T) map[string]struct {
	log   *memory.Store
	words []string
} {
	return map[string]struct {
		log   *memory.Store
		words []string
	}{
		"blank":                         {logOf(t, uuid.Nil, 0), []string{"has no id", theLog.String()}},
		"without an id, longer":         {logOf(t, uuid.Nil, 9), []string{"has no id", theLog.String()}},
		"another, shorter":              {logOf(t, another, 2), []string{theLog.String(), another.String()}},
		"another, longer":               {logOf(t, another, 9), []string{theLog.String(), another.String()}},
		"put back":                      {logOf(t, theLog, 2), []string{"put back", theLog.String()}},
		"put back to the very begin":    {logOf(t, theLog, 0), []string{"put back", theLog.String()}},
		"put back, and as long again":   {logOf(t, theLog, 5), []string{"put back", theLog.String()}},
		"put back, and longer than was": {logOf(t, theLog, 9), []string{"put back", theLog.String()}},
	}
}

// calls are all that can be asked of a store, by the names of its methods.
func calls() map[string]func(context.Context, *eventstore.Verified) error {
	return map[string]func(context.Context, *eventstore.Verified) error{
		"Append": func(ctx context.Context, v *eventstore.Verified) error {
			_, err := v.Append(ctx, anAppend())
			return err
		},
		"AppendMany": func(ctx context.Context, v *eventstore.Verified) error {
			outcomes := v.AppendMany(ctx, []eventstore.Append{anAppend(), anAppend()})
			if outcomes[0].Err == nil {
				return nil
			}
			return outcomes[1].Err
		},
		"ReadStream": func(ctx context.Context, v *eventstore.Verified) error {
			_, err := v.ReadStream(ctx, "app-meta", eventstore.Forwards, 0, 1)
			return err
		},
		"ReadMany": func(ctx context.Context, v *eventstore.Verified) error {
			return v.ReadMany(ctx, []string{"app-meta"})[0].Err
		},
		"End": func(ctx context.Context, v *eventstore.Verified) error {
			_, err := v.End(ctx)
			return err
		},
		"ReadAll": func(ctx context.Context, v *eventstore.Verified) error {
			_, err := v.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1)
			return err
		},
		"Subscribe": func(ctx context.Context, v *eventstore.Verified) error {
			return v.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { return errEnough })
		},
		"Count": func(ctx context.Context, v *eventstore.Verified) error {
			_, _, err := v.Count(ctx, eventstore.End, nil)
			return err
		},
	}
}

var errEnough = errors.New("enough")

// watched runs Watch until the test ends.
func watched(t *testing.T, v *eventstore.Verified) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- v.Watch(ctx, time.Millisecond, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

const patience, poll = 20 * time.Second, time.Millisecond
