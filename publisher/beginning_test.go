package publisher_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// beheaded is a log that has lost the first events of a stream.
type beheaded struct {
	eventstore.Store

	stream string
	lost   uint64
}

func (b beheaded) has(e eventstore.RecordedEvent) bool {
	return e.Stream != b.stream || e.Revision >= b.lost
}

func (b beheaded) ReadStream(ctx context.Context, stream string, d eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	if stream == b.stream && d == eventstore.Forwards {
		from = max(from, b.lost)
	}
	return b.Store.ReadStream(ctx, stream, d, from, limit)
}

func (b beheaded) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	return b.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		if m.Kind == eventstore.EventAppeared && !b.has(m.Event) {
			return nil
		}
		return deliver(m)
	})
}

// What a fact changed is known from all that was before it: without its beginning
// a stream is not told at all, from whichever fact on it is there, and the topic
// stops in front of it with its name.
func TestStream_thatLostItsBeginningIsNotPublished(t *testing.T) {
	for lost := range uint64(4) {
		for _, topic := range []message.Topic{message.Domain, message.History} {
			t.Run(fmt.Sprint(topic, " ", lost), func(t *testing.T) {
				w := newHarness(t, "world")
				before := w.appendChange(pairNo(1))
				var facts []uuid.UUID
				for range 5 {
					facts = append(facts, w.appendChange(pairNo(0)))
				}
				o := w.options(topic)
				o.Store = beheaded{w.log, pairNo(0).Stream(), lost}
				p := w.start(o)
				if lost == 0 {
					w.requirePublished(topic)
					return
				}
				require.Eventually(t, func() bool { return p.Status().Fault != nil }, waitLimit, pollInterval)
				require.ErrorContains(t, p.Status().Fault, pairNo(0).String())
				w.requirePublished(topic, facts...)
				require.Contains(t, w.publishedIDs(), before.String())
			})
		}
	}
}

// saying is a log output that signals each line with some words in it.
type saying struct {
	words string
	heard chan<- struct{}
}

func (s saying) Write(line []byte) (int, error) {
	if strings.Contains(string(line), s.words) {
		select {
		case s.heard <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

// The same of a parked message that is made again.
func TestParkedMessage_ofAStreamThatLostItsBeginningIsNotPublished(t *testing.T) {
	w := newHarness(t, "world")
	w.appendChange(pairNo(0))
	bad := w.appendChange(pairNo(0))
	refused := w.refuse(bad)
	p := w.start(w.options(message.Domain))
	w.waitForParked(1)
	w.waitForCheckpoint(message.Domain)
	p.kill()

	refused.accept(bad)
	w.retry(bad)
	o := w.options(message.Domain)
	o.Store = beheaded{w.log, pairNo(0).Stream(), 1}
	tried := make(chan struct{}, 1)
	o.Logger = slog.New(slog.NewTextHandler(saying{"cannot be read again", tried}, nil))
	p = w.start(o)
	require.Eventually(t, func() bool { return len(tried) > 0 }, waitLimit, pollInterval)
	other := w.appendChange(pairNo(1))
	w.requirePublished(message.Domain, bad)
	require.Contains(t, w.publishedIDs(), other.String())
	require.NotContains(t, w.publishedIDs(), bad.String())
	require.Equal(t, store.Refused, w.parked()[0].State)
	p.kill()
	w.start(w.options(message.Domain))
	w.requirePublished(message.Domain)
	w.waitForParked(0)
}
