package status

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestFault_endsOnlyWithThePlaceThatEndedIt: something may be applied while the row
// is made.
func TestFault_endsOnlyWithThePlaceThatEndedIt(t *testing.T) {
	var w *Writer
	place := Place{Position: 1}
	w = NewWriter(Options{
		Consumer: "bench", Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Now: func() Place {
			before := place
			place = Place{Position: 2}
			w.Moved()
			return before
		},
	})
	position, moved := 4, 8
	row := w.row(uuid.Nil, false)
	require.EqualValues(t, 1, *row[position].(*uint64))
	require.Equal(t, false, row[moved])
	row = w.row(uuid.Nil, false)
	require.EqualValues(t, 2, *row[position].(*uint64))
	require.Equal(t, true, row[moved])
}
