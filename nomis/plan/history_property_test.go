package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Random histories of both systems, with turns that crash between any two calls, keep
// these promises. The model of NOMIS knows nothing of the code that is tested.

func TestProperty_turnsEndAndNameWhatIsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		acts := []string{"here", "here", "there", "there", "turn", "turn", "time", "late", "switch", "booking", "damage", "mangle", "sync"}
		for range rapid.IntRange(1, 14).Draw(t, "acts") {
			h.happens(acts)
		}
		h.land()
		h.calm()
		h.inbound, h.outbound = true, true
		for range 3 {
			h.pass(25 * time.Hour)
			h.calm()
		}
	})
}
