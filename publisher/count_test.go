package publisher_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/publisher"
	"nonassociations/publisher/message"
)

// holed is a log that has lost an event from its middle.
type holed struct{ eventstore.Store }

func (holed) Count(context.Context, eventstore.Position, []string) (count uint64, known bool, err error) {
	return 2, true, nil
}

func TestLog_withAHoleIsNotPublished(t *testing.T) {
	w := newHarness(t, "world")
	p := w.start(w.options(message.Domain))
	for range 3 {
		w.appendChange(pairNo(0))
	}
	w.waitForCheckpoint(message.Domain)
	p.kill()
	o := w.options(message.Domain)
	o.Store = holed{w.log}
	err := publisher.New(o).Run(t.Context())
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, "3 events")
}
