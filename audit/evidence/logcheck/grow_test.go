package logcheck_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/logcheck"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// growing is a log to which a fact is added with every read, as fast as it is read.
type growing struct {
	log

	added int
}

func (g *growing) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	for range limit {
		g.log = append(g.log, fact(9000+g.added))
		g.added++
	}
	g.log = g.placed()
	return g.log.ReadAll(ctx, direction, from, limit)
}

// TestCheck_whileTheLogGrows ends, and finds nothing wrong.
func TestCheck_whileTheLogGrows(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 40, 20, 30)
	for _, size := range []int64{0, 20} {
		o := w.options()
		grows := &growing{log: w.log}
		o.Log, o.From = grows, size
		r, err := logcheck.Check(t.Context(), o)
		require.NoError(t, err)
		require.True(t, r.OK, words(r.Problems))
		require.EqualValues(t, 40, r.Facts, "as far as the log went when the check began")
		require.Positive(t, grows.added)
	}
	require.True(t, domain.IsOurs(fact(9000).Stream))
}
