package follow_test

import (
	"context"
	"errors"
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
	"nonassociations/eventstore/follow"
)

// sick is a keeper that meets each kind of fault at an event of that type.
type sick struct {
	*keeper

	mended atomic.Bool
}

func (s *sick) Decode(event eventstore.Recorded) (string, error) {
	if s.mended.Load() {
		return "good", nil
	}
	switch consumer.Category(event.Type) {
	case consumer.Category(consumer.CannotRead):
		return "", errors.New("comment: He knows where A1234BC lives")
	case consumer.Category(consumer.UnknownType):
		return "", domain.ErrUnknownType(event.Type)
	case consumer.Category(consumer.CannotApply):
		return "refused", nil // by the CHECK of the table
	default:
		return event.Type, nil
	}
}

// busy lets Postgres compute until its context ends.
type busy struct {
	*keeper

	ctx   context.Context
	begun chan struct{}
	once  sync.Once
}

func (k *busy) Apply(_ context.Context, conn *pgx.Conn, batch follow.Batch[string]) error {
	if len(batch.Events) == 0 {
		return nil
	}
	k.once.Do(func() { close(k.begun) })
	_, err := conn.Exec(k.ctx, `SELECT count(*) FROM generate_series(1, 100000000000)`)
	return err
}

// row is what consumer.status says of the bench's follower.
func (b *bench) row() consumer.Status {
	b.t.Helper()
	all, err := consumer.ReadAll(context.Background(), b.conn)
	require.NoError(b.t, err)
	return all["bench"]
}

func asConsumer(o *follow.Options) { o.Consumer, o.Build = "bench", "a build" }

func TestEveryCategoryOfAFaultIsInTheRowUntilSomethingIsApplied(t *testing.T) {
	var walked []consumer.Category
	for _, category := range consumer.Categories() {
		walked = append(walked, category)
		t.Run(string(category), func(t *testing.T) {
			b := newBench(t)
			require.NoError(t, consumer.Migrate(t.Context(), b.dsn))
			k := &sick{keeper: &keeper{}}
			k.fail = func(batch follow.Batch[string]) error {
				if k.mended.Load() || len(batch.Events) == 0 {
					return nil
				}
				switch consumer.Category(batch.Events[len(batch.Events)-1]) {
				case consumer.Category(consumer.OutOfOrder):
					return eventstore.ErrNotWhole
				case consumer.Category(consumer.Other):
					return errors.New("a bug")
				case consumer.Away:
					return eventstore.ErrUnavailable
				}
				return nil
			}
			b.happens("ours-", "fine")
			f := b.followHandler(k, asConsumer)
			b.sees("fine")
			require.Eventually(t, func() bool { return f.Status().CaughtUp && b.row().Fault == nil }, patience, poll)
			at := b.happens("ours-", string(category))
			if category == consumer.Away {
				require.Eventually(t, func() bool { return f.Status().Failure != nil }, patience, poll)
				require.Equal(t, consumer.Away, follow.FaultOf(f.Status().Failure).Category)
				require.Nil(t, b.row().Fault, "it is not kept")
				k.mended.Store(true)
				return
			}
			require.Eventually(t, func() bool { return b.row().Fault != nil }, patience, poll)
			found := *b.row().Fault
			require.Equal(t, category, found.Category)
			if category != consumer.Category(consumer.Other) { // it is no event's fault
				require.Equal(t, at.Outside(), found.Position)
				require.Equal(t, string(category), found.Type)
				require.NotEqual(t, uuid.Nil, found.EventID)
			}
			require.Eventually(t, func() bool { return !f.Status().Leader }, patience, poll)
			k.mended.Store(true)
			require.Eventually(t, func() bool { return b.row().Fault == nil }, patience, poll)
			require.Equal(t, at.Outside(), *b.row().Position)
		})
	}
	t.Log("walked", walked)
}

func TestAHandlerThatHangsDoesNotTick(t *testing.T) {
	b := newBench(t)
	require.NoError(t, consumer.Migrate(t.Context(), b.dsn))
	hung, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	k := &keeper{fail: func(batch follow.Batch[string]) error {
		if len(batch.Events) > 0 {
			once.Do(func() { close(hung); <-release })
		}
		return nil
	}}
	f := b.follow(k, asConsumer)
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	require.Eventually(t, func() bool { return f.Status().CaughtUp }, patience, poll)
	first := b.row().Heartbeat
	require.Eventually(t, func() bool { return b.row().Heartbeat.After(first) }, patience, poll, "it ticks while idle")
	b.happens("ours-", "heavy")
	<-hung
	require.Eventually(t, func() bool { return b.row().Age > 3*time.Second }, patience, poll)
	letGo()
	b.sees("heavy")
	require.Eventually(t, func() bool { return b.row().Age < 2*time.Second }, patience, poll)
}

// One statement may take minutes while a read model is built: Postgres is at work.
func TestALongStatementTicks(t *testing.T) {
	b := newBench(t)
	require.NoError(t, consumer.Migrate(t.Context(), b.dsn))
	k := &busy{keeper: &keeper{}, begun: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	k.ctx = ctx
	f := b.followHandler(k, asConsumer)
	b.happens("ours-", "heavy")
	<-k.begun
	begun := f.Status().Heartbeat
	require.Eventually(t, func() bool { return f.Status().Heartbeat.Sub(begun) > 5*time.Second }, patience, poll)
	stop()
}

func TestAProcessThatLostItsLeaseWritesNoRow(t *testing.T) {
	b := newBench(t)
	require.NoError(t, consumer.Migrate(t.Context(), b.dsn))
	writer := func() *consumer.Writer {
		return consumer.NewWriter(consumer.Options{Consumer: "bench", Build: "x", DSN: b.dsn, Clock: time.Now, Logger: discard})
	}
	former, present := writer(), writer()
	require.NoError(t, former.Claim(t.Context(), b.conn, uuid.Nil))
	require.NoError(t, present.Claim(t.Context(), b.conn, uuid.Nil))
	former.Fail(t.Context(), consumer.Fault{Category: consumer.Category(consumer.Other)})
	require.Nil(t, b.row().Fault)
	present.Fail(t.Context(), consumer.Fault{Category: consumer.Category(consumer.Other)})
	require.NotNil(t, b.row().Fault)
	since := b.row().Fault.Since
	present.Fail(t.Context(), consumer.Fault{Category: consumer.Category(consumer.Other)})
	require.Equal(t, since, b.row().Fault.Since, "it is the same fault")
}
