package consumer_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/internal/dev/doubles"
)

// faultyHandler is a keeper that meets each kind of fault at an event of that type.
type faultyHandler struct {
	*tableHandler

	mended atomic.Bool
}

func (s *faultyHandler) Decode(event eventstore.RecordedEvent) (string, error) {
	if s.mended.Load() {
		return "good", nil
	}
	switch status.Category(event.Type) {
	case status.Category(status.CannotRead):
		return "", errors.New("comment: He knows where A1234BC lives")
	case status.Category(status.UnknownType):
		return "", domain.ErrUnknownType(event.Type)
	case status.Category(status.CannotApply):
		return "refused", nil // by the CHECK of the table
	default:
		return event.Type, nil
	}
}

// busyHandler lets Postgres compute until its context ends.
type busyHandler struct {
	*tableHandler

	ctx   context.Context
	begun chan struct{}
	once  sync.Once
}

func (k *busyHandler) Apply(_ context.Context, conn *pgx.Conn, batch consumer.Batch[string]) error {
	if len(batch.Events) == 0 {
		return nil
	}
	k.once.Do(func() { close(k.begun) })
	_, err := conn.Exec(k.ctx, `SELECT count(*) FROM generate_series(1, 100000000000)`)
	return err
}

// row is what consumer.status says of the fixture's consumer.
func (b *fixture) row() status.Status {
	b.t.Helper()
	all, err := status.ReadAll(context.Background(), b.conn)
	require.NoError(b.t, err)
	return all["bench"]
}

func asConsumer(o *consumer.Options) { o.ID, o.Build = "bench", "a build" }

func TestCategory_ofAFaultIsInTheRowUntilSomethingIsApplied(t *testing.T) {
	var walked []status.Category
	for _, category := range status.Categories() {
		if category == status.Category(status.NOMISDenied) || category == status.Category(status.NOMISRestored) {
			continue // no consumer of the log has it
		}
		walked = append(walked, category)
		t.Run(string(category), func(t *testing.T) {
			b := newFixture(t)
			require.NoError(t, status.Migrate(t.Context(), b.dsn))
			k := &faultyHandler{tableHandler: &tableHandler{}}
			k.fail = func(batch consumer.Batch[string]) error {
				if k.mended.Load() || len(batch.Events) == 0 {
					return nil
				}
				switch status.Category(batch.Events[len(batch.Events)-1]) {
				case status.Category(status.OutOfOrder):
					return eventstore.ErrNotWhole
				case status.Category(status.Other):
					return errors.New("a bug")
				case status.Away:
					return eventstore.ErrUnavailable
				}
				return nil
			}
			b.happens("ours-", "fine")
			f := b.followHandler(k, asConsumer)
			b.sees("fine")
			require.Eventually(t, func() bool { return f.Status().CaughtUp && b.row().Fault == nil }, waitTime, poll)
			at := b.happens("ours-", string(category))
			if category == status.Away {
				require.Eventually(t, func() bool { return f.Status().Failure != nil }, waitTime, poll)
				require.Equal(t, status.Away, consumer.FaultOf(f.Status().Failure).Category)
				require.Nil(t, b.row().Fault, "it is not kept")
				k.mended.Store(true)
				return
			}
			require.Eventually(t, func() bool { return b.row().Fault != nil }, waitTime, poll)
			found := *b.row().Fault
			require.Equal(t, category, found.Category)
			if category != status.Category(status.Other) { // it is no event's fault
				require.Equal(t, at.Uint64(), found.Position)
				require.Equal(t, string(category), found.Type)
				require.NotEqual(t, uuid.Nil, found.EventID)
			}
			require.Eventually(t, func() bool { return !f.Status().Leader }, waitTime, poll)
			k.mended.Store(true)
			require.Eventually(t, func() bool { return b.row().Fault == nil }, waitTime, poll)
			require.Equal(t, at.Uint64(), *b.row().Position)
		})
	}
	t.Log("walked", walked)
}

// TestLine_ofARefusalHasTheCodeOfPostgres and not its text, which quotes the row.
func TestLine_ofARefusalHasTheCodeOfPostgres(t *testing.T) {
	b := newFixture(t)
	lines := &doubles.Log{}
	b.happens("ours-", string(status.CannotApply))
	b.followHandler(&faultyHandler{tableHandler: &tableHandler{}}, func(o *consumer.Options) {
		o.Logger = slog.New(slog.NewTextHandler(lines, nil))
	})
	require.Eventually(t, func() bool { return strings.Contains(lines.String(), "kind=CANNOT_APPLY code=23514 event=") }, waitTime, poll)
	require.NotContains(t, lines.String(), "violates")
}

func TestHandler_thatHangsDoesNotTick(t *testing.T) {
	b := newFixture(t)
	require.NoError(t, status.Migrate(t.Context(), b.dsn))
	hung, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	k := &tableHandler{fail: func(batch consumer.Batch[string]) error {
		if len(batch.Events) > 0 {
			once.Do(func() { close(hung); <-release })
		}
		return nil
	}}
	f := b.follow(k, asConsumer)
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	require.Eventually(t, func() bool { return f.Status().CaughtUp }, waitTime, poll)
	first := b.row().Heartbeat
	require.Eventually(t, func() bool { return b.row().Heartbeat.After(first) }, waitTime, poll, "it ticks while idle")
	b.happens("ours-", "heavy")
	<-hung
	require.Eventually(t, func() bool { return b.row().Age > 3*quick.Status.LongStep }, waitTime, poll)
	letGo()
	b.sees("heavy")
	require.Eventually(t, func() bool { return b.row().Age < 2*quick.Status.LongStep }, waitTime, poll)
}

// One statement may take minutes while a read model is built: Postgres is at work.
func TestLongStatement_ticks(t *testing.T) {
	b := newFixture(t)
	require.NoError(t, status.Migrate(t.Context(), b.dsn))
	k := &busyHandler{tableHandler: &tableHandler{}, begun: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	k.ctx = ctx
	f := b.followHandler(k, asConsumer)
	b.happens("ours-", "heavy")
	<-k.begun
	begun := f.Status().Heartbeat
	require.Eventually(t, func() bool { return f.Status().Heartbeat.Sub(begun) > 3*quick.Status.LongStep }, waitTime, poll)
	stop()
}

func TestProcess_thatLostItsLeaseWritesNoRow(t *testing.T) {
	b := newFixture(t)
	require.NoError(t, status.Migrate(t.Context(), b.dsn))
	writer := func() *status.Writer {
		return status.NewWriter(status.Options{Consumer: "bench", Build: "x", DSN: b.dsn, Clock: time.Now, Logger: discard})
	}
	former, present := writer(), writer()
	require.NoError(t, former.Claim(t.Context(), b.conn, uuid.Nil))
	require.NoError(t, present.Claim(t.Context(), b.conn, uuid.Nil))
	former.Fail(t.Context(), status.Fault{Category: status.Category(status.Other)})
	require.Nil(t, b.row().Fault)
	present.Fail(t.Context(), status.Fault{Category: status.Category(status.Other)})
	require.NotNil(t, b.row().Fault)
	since := b.row().Fault.Since
	present.Fail(t.Context(), status.Fault{Category: status.Category(status.Other)})
	require.Equal(t, since, b.row().Fault.Since, "it is the same fault")
}
