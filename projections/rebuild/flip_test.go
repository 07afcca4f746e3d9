package rebuild_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/projections/rebuild"
)

// readLog calls reading before the log is read, when it is set.
type readLog struct {
	eventstore.Store

	reading atomic.Pointer[func()]
}

func (l *readLog) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	if reading := l.reading.Load(); reading != nil {
		(*reading)()
	}
	return l.Store.Subscribe(ctx, from, prefixes, deliver)
}

// has reports whether the generation that answers has a pair.
func (w *world) has(pair string) (is bool) {
	require.NoError(w.t, w.conn.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM read.pair WHERE pair = $1)`, pair).Scan(&is))
	return is
}

// TestFlip_holdsTheCheckpointThatAnswers: while the last facts are read in the
// transaction of the flip, no projector may move on.
func TestFlip_holdsTheCheckpointThatAnswers(t *testing.T) {
	t.Parallel()
	w, stop := built(t)
	log := &readLog{Store: w.log}
	held := 0
	o := w.options()
	o.Store = log
	o.Progress = func(p rebuild.Progress) {
		if p.Stage != "flip" {
			return
		}
		w.write(100) // which the new generation has to fetch
		require.Eventually(t, func() bool { return w.has("A1111AA_B0100BB") }, patience, 5*time.Millisecond)
		stop()
		reading := func() {
			_, err := w.conn.Exec(context.Background(), `SELECT FROM read_1.checkpoint FOR UPDATE NOWAIT`)
			if err != nil {
				held++
			}
		}
		log.reading.Store(&reading)
	}
	_, err := rebuild.Run(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, held)
	require.Equal(t, 2, w.answers())
	require.True(t, w.has("A1111AA_B0100BB"), "nothing of what was read before the flip is lost")
}

// TestPart_ofAnotherShapeIsDropped: the next rebuild builds a generation of its own.
func TestPart_ofAnotherShapeIsDropped(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	w.cutOff()
	w.exec(`UPDATE read_2.checkpoint SET shape = 0`)
	report, err := rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	require.Equal(t, 3, *report.To)
	require.Equal(t, []string{"read_1", "read_3"}, w.schemas())
}
