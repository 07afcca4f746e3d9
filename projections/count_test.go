package projections_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// holed is a log that has lost an event from its middle.
type holed struct{ eventstore.Store }

func (holed) Count(context.Context, eventstore.Position, []string) (count uint64, known bool, err error) {
	return 2, true, nil
}

func TestLog_withAHoleIsRefused(t *testing.T) {
	log := someLog(t, "B1111BB", "C1111CC", "D1111DD")
	dsn := built(t, log)
	err := start(t, holed{log.log}, dsn).ends(t)
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, "3 events")
	require.ErrorContains(t, err, identity(t, log.log))
	r := start(t, log.log, dsn)
	log.sync(pairOf(t, "A1111AA", "E1111EE"), item(pairOf(t, "A1111AA", "E1111EE"), "2021-07-05T10:35:17", "VIC", "PER"))
	r.reaches(t, log.last)
}
