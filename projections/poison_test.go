package projections_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

func (s *logWriter) append(t *testing.T, stream, eventType, data string) uuid.UUID {
	e := eventstore.Event{ID: uuid.New(), Type: eventType, Data: []byte(data), Metadata: []byte("{}")}
	_, err := s.log.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{e}})
	require.NoError(t, err)
	return e.ID
}

func TestEvent_ofAnUnknownTypeStopsTheConsumerAndIsNamed(t *testing.T) {
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	before := log.last
	id := log.append(t, "nonAssociation-A1111AA_C1111CC", "nonassociation.forgiven.v1", "{}")
	log.syncWith("D1111DD")

	r := start(t, log.log, dsn)
	r.reaches(t, before) // the events before it are applied
	var poison *consumer.Poison
	require.Eventually(t, func() bool { return errors.As(r.Status().Failure, &poison) }, patience, poll)
	require.Equal(t, id, poison.EventID)
	require.ErrorAs(t, poison, new(domain.ErrUnknownType))
	require.False(t, viewsThere(conn), "the end of the log was not reached")
	require.True(t, isTrue(conn, `SELECT count(*) = 2 FROM read_1.prisoner`), "what lies behind it is not worked on")
}

func TestStream_thatIsOfNoPairStopsTheConsumer(t *testing.T) {
	log := newLog(t)
	dsn, _ := database(t)
	id := log.append(t, "nonAssociation-somebody", domain.TypeDeleted, "{}")
	r := start(t, log.log, dsn)
	var poison *consumer.Poison
	require.Eventually(t, func() bool { return errors.As(r.Status().Failure, &poison) }, patience, poll)
	require.Equal(t, id, poison.EventID)
}

// A log that says the same thing of two pairs is wrong, but no reason to stop:
// the batch in which that shows is worked on again, event by event.
func TestID_thatTwoPairsBeginWithStopsNothing(t *testing.T) {
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	first := start(t, log.log, dsn)
	first.reaches(t, log.last)
	require.Eventually(t, func() bool { return first.Status().CaughtUp }, patience, poll)
	first.end()

	copied := log.log.ReadMany(t.Context(), []string{"nonAssociation-A1111AA_B1111BB"})[0].Events[0].Event
	copied.ID, copied.Data = uuid.New(), bytes.ReplaceAll(copied.Data, []byte("B1111BB"), []byte("C1111CC"))
	_, err := log.log.Append(t.Context(), eventstore.Append{
		Stream: "nonAssociation-A1111AA_C1111CC", Expected: eventstore.NoStream, Events: []eventstore.Event{copied},
	})
	require.NoError(t, err)
	log.syncWith("D1111DD")
	log.syncWith("E1111EE")

	second := start(t, log.log, dsn)
	second.reaches(t, log.last)
	require.Regexp(t, `B1111BB.*C1111CC.*D1111DD.*E1111EE`, document(t, conn, "A1111AA"))
	require.True(t, isTrue(conn, `SELECT count(*) = 3 FROM read_1.non_association`), "a line for each id")
}
