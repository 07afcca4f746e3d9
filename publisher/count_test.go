package publisher_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/publisher"
)

// holed is a log that has lost an event from its middle.
type holed struct{ eventstore.Store }

func (holed) Count(context.Context, eventstore.Position, []string) (count uint64, known bool, err error) {
	return 2, true, nil
}

func TestLog_withAHoleIsNotPublished(t *testing.T) {
	w := newWorld(t, "world")
	p := w.start(w.options(publisher.Domain))
	for range 3 {
		w.changes(pairNo(0))
	}
	w.bookmarked(publisher.Domain)
	p.kill()
	o := w.options(publisher.Domain)
	o.Store = holed{w.log}
	err := publisher.New(o).Run(t.Context())
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, "3 events")
}
