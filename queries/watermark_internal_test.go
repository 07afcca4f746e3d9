package queries

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWatermark_takesTheTablesPositionUnlessItIsOld(t *testing.T) {
	for name, row := range map[string]struct{ at, was, now, want uint64 }{
		"further":                             {10, 10, 15, 15},
		"the same":                            {10, 10, 10, 10},
		"begun again":                         {10, 10, 3, 3},
		"gone":                                {10, 10, 0, 0},
		"less, but it has moved since":        {12, 10, 3, 12},
		"further, but not as far as it moved": {20, 10, 15, 20},
		"further than it moved":               {12, 10, 15, 15},
		"it was lowered since":                {3, 10, 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			var w watermark
			w.at.Store(row.at)
			w.reset(row.was, row.now)
			require.Equal(t, row.want, w.position())
		})
	}
}

func TestWatermark_risesAndWakesWaitersItHasReached(t *testing.T) {
	var w watermark
	at := map[uint64]*waiter{}
	for _, atLeast := range []uint64{5, 10, 11} {
		waiting, err := w.addWaiter(atLeast)
		require.NoError(t, err)
		at[atLeast] = waiting
	}
	woken := func() (positions []uint64) {
		for _, position := range []uint64{5, 10, 11} {
			select {
			case <-at[position].reached:
				positions = append(positions, position)
			default:
			}
		}
		return positions
	}
	w.advance(4)
	require.Empty(t, woken())
	w.reset(4, 10)
	require.Equal(t, []uint64{5, 10}, woken())
	w.advance(7)
	require.Equal(t, uint64(10), w.position(), "advance never lowers")
	w.reset(10, 2)
	require.Equal(t, []uint64{5, 10}, woken(), "a lower watermark wakes no waiter")
	w.advance(11)
	require.Equal(t, []uint64{5, 10, 11}, woken())
	require.Empty(t, w.waiters)
}

func TestWatermark_isWantedWhileARequestWaits(t *testing.T) {
	var w watermark
	before := w.wanted()
	select {
	case <-before:
		t.Fatal("no request waits")
	default:
	}
	waiting, err := w.addWaiter(5)
	require.NoError(t, err)
	<-before
	<-w.wanted()
	w.removeWaiter(waiting)
	select {
	case <-w.wanted():
		t.Fatal("no request waits any more")
	default:
	}
}
