package eventstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKeptHead_takesNothingFromBeforeItWasForgotten: neither of a search nor of a
// subscription that began in the other log.
func TestKeptHead_takesNothingFromBeforeItWasForgotten(t *testing.T) {
	t.Parallel()
	var heads keptHeads
	kept := heads.of([]string{"ours-"})
	_, renewed := kept.get()
	place := Position{Commit: 9, Prepare: 9}
	heads.forget()
	kept.found(Head{Own: place, End: place}, renewed)
	kept.passed(Start, place, place, renewed)
	head, _ := kept.get()
	require.Zero(t, head)
}
