package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Random histories of both systems, with turns that crash between any two calls, keep
// these promises. The model of NOMIS knows nothing of the code that is tested.

func TestProperty_turnsEndAndNameWhatIsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		acts := h.kinds()
		for range h.length() {
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

// Of people who wait for the other system before they write, every word survives: what
// one side holds after an edit is what both hold in the end.
func TestProperty_whatCarefulPeopleWriteIsInBothSystems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		h.orderly, h.lag = true, 0
		s := h.of(pair)
		for range h.length() {
			side := one(h, "side", "here", "there", "time")
			h.happens([]string{side})
			for side != "time" && !h.removed && rapid.Bool().Draw(t, "again") { // before the other system knows all of it
				h.turn(s, h.drawCrash())
				h.happens([]string{side})
			}
			written := map[string][]string{"here": h.textsHere(s), "there": h.textsThere(s)}[side]
			h.turn(s, h.drawCrash())
			h.calm()
			h.pass(deleteAfter) // a deletion there is ripe
			h.removed = false
			h.calm()
			require.Equal(t, h.textsHere(s), h.textsThere(s))
			require.Empty(t, h.plan(s).Problems)
			if side != "time" {
				require.Equal(t, written, h.textsHere(s), "what was written last")
			}
		}
	})
}
