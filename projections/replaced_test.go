package projections_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// TestReadModel_takesNothingFromALogThatReplacedItsOwn: the runner goes on when the right
// one is back.
func TestReadModel_takesNothingFromALogThatReplacedItsOwn(t *testing.T) {
	for name, wrong := range map[string]func(*logWriter) *memory.Store{
		"another":  func(*logWriter) *memory.Store { return someLog(t, "C1111CC", "D1111DD").log.(*memory.Store) },
		"blank":    func(*logWriter) *memory.Store { return memory.New() },
		"put back": func(log *logWriter) *memory.Store { return putBack(t, log.log).(*memory.Store) },
		"put back and grown": func(log *logWriter) *memory.Store {
			earlier := &logWriter{t: t, log: putBack(t, log.log), states: map[domain.Pair]domain.State{}, next: map[domain.Pair]eventstore.Expected{}, now: noon}
			for _, other := range []string{"D1111DD"} {
				earlier.sync(pairOf(t, "A1111AA", other), item(pairOf(t, "A1111AA", other), "2021-07-05T10:35:17", "VIC", "PER"))
			}
			return earlier.log.(*memory.Store)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := someLog(t, "B1111BB", "C1111CC")
			dsn, conn := database(t)
			r := start(t, eventstore.Verify(log.log), dsn)
			r.reaches(t, log.last)
			require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
			was := contents(t, conn)
			right := memory.New()
			right.Replace(log.log.(*memory.Store))

			log.log.(*memory.Store).Replace(wrong(log))
			require.Eventually(t, func() bool { return errors.As(r.Status().Failure, new(*eventstore.Mismatch)) }, patience, poll)
			require.Equal(t, was, contents(t, conn))

			log.log.(*memory.Store).Replace(right)
			log.sync(pairOf(t, "A1111AA", "G1111GG"), item(pairOf(t, "A1111AA", "G1111GG"), "2021-07-05T10:35:17", "VIC", "PER"))
			r.reaches(t, log.last)
			require.Contains(t, document(t, conn, "A1111AA"), "G1111GG")
		})
	}
}
