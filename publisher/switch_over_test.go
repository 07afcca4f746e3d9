package publisher_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// The facts of the switch-over are on neither topic, and stop none.
func TestSwitchOver_isPassedOverOnBothTopics(t *testing.T) {
	for _, topic := range []message.Topic{message.Domain, message.History} {
		t.Run(string(topic), func(t *testing.T) {
			w := newHarness(t, "world")
			w.appendChange(pairNo(1))
			by := domain.Cause{CommandID: uuid.New(), Source: domain.DPS}
			facts, err := domain.SwitchOver{}.Decide(domain.SwitchOutbound{Reason: "x"}, time.Now(), by)
			require.NoError(t, err)
			_, err = w.log.Append(t.Context(), eventstore.Append{
				Stream: domain.SwitchOverStream, Expected: eventstore.NoStream, Events: []eventstore.Event{eventstore.Encode(facts[0])},
			})
			require.NoError(t, err)
			w.appendChange(pairNo(2))
			w.start(w.options(topic))
			require.Len(t, w.requirePublished(topic), 2)
		})
	}
}
