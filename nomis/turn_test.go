package nomis_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/memory"
)

// alone is the turn of one process at a time, in this process.
func (r *fixture) alone(ctx context.Context, do func(context.Context)) error {
	if r.noTurn.Load() {
		return errors.New("Postgres is away")
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	do(ctx)
	return nil
}

// The turn cannot be asked for: the message waits, and is not given up.
func TestListener_waitsForItsTurn(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.noTurn.Store(true)
	r.aws.Send(queue, merged("m"))
	r.listens()
	require.Eventually(t, func() bool { return r.said.Count("applying a NOMIS message failed") > 0 }, patience, poll)
	require.Empty(t, r.facts(survivor, third))
	r.noTurn.Store(false)
	r.isEmpty()
	require.Len(t, r.facts(survivor, third), 1)
}
