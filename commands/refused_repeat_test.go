package commands_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// refusing is a log that writes an append without saying so, and refuses its repeats for a
// while.
type refusing struct {
	*memory.Store

	asked atomic.Int64
}

func (r *refusing) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	switch r.asked.Add(1) {
	case 1:
		r.Store.AppendMany(ctx, appends)
		return []eventstore.Outcome{{Err: eventstore.ErrUnavailable}}
	case 2:
		return []eventstore.Outcome{{Err: eventstore.ErrDenied}}
	case 3:
		return []eventstore.Outcome{{Err: eventstore.ErrStreamDeleted}}
	}
	return r.Store.AppendMany(ctx, appends)
}

// A log looks at rights before it recognises a repeat, so a refusal does not say that the
// first attempt was not written.
func TestSync_refusedAfterAnUnknownOutcomeIsSentAgain(t *testing.T) {
	log := &refusing{Store: memory.New()}
	h := commands.New(log, commands.Options{Clock: clock, Timeout: time.Minute})
	_, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), requestOf(t, 1))
	require.NoError(t, err)
	require.EqualValues(t, 4, log.asked.Load())
	end, err := log.End(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, end.Commit)
}
