package publisher_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/publisher"
	"nonassociations/publisher/message"
)

// TestMessageOf_isWhatIsSentAtTheRetry: an operator decides by what would be sent.
func TestMessageOf_isWhatIsSentAtTheRetry(t *testing.T) {
	w := newHarness(t, "world")
	w.appendChange(pairNo(0))
	bad := w.appendChange(pairNo(0))
	refused := w.refuse(bad)
	mapper := testMapper()
	o := w.options(message.Domain)
	o.Mapper = mapper
	w.start(o)
	w.waitForParked(1)
	parked := w.parked()[0]
	of, found, err := publisher.MessageOf(t.Context(), w.log, mapper, parked)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, bad, of.EventID)
	var shown message.Message
	replay := publisher.Replay{
		Topic: message.Domain, From: parked.Position.Uint64(), To: parked.Position.Uint64(), DryRun: true,
		Each: func(m message.Message) { shown = m }, Store: w.log, Mapper: mapper, Clock: time.Now,
	}
	_, err = replay.Run(t.Context())
	require.NoError(t, err)
	require.JSONEq(t, string(shown.Body), string(of.Body))
	require.Equal(t, shown.Attributes, of.Attributes)
	refused.accept(bad)
	w.retry(bad)
	w.waitForParked(0)

	parked.EventID = uuid.New()
	_, _, err = publisher.MessageOf(t.Context(), w.log, mapper, parked)
	require.ErrorContains(t, err, "is not at revision")
	parked.EventID, parked.Topic = bad, "other"
	_, found, err = publisher.MessageOf(t.Context(), w.log, mapper, parked)
	require.NoError(t, err)
	require.False(t, found, "no build has a message for this topic")
}
