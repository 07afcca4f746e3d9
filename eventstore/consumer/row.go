package consumer

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// eventRef is an event by its id and type.
type eventRef struct {
	id        uuid.UUID
	eventType string
}

// newRow is nil for a follower that has no row.
func (f *Consumer[T]) newRow() *status.Writer {
	if f.options.ID == "" {
		return nil
	}
	return status.NewWriter(status.Options{
		Consumer: f.options.ID, Build: f.options.Build, DSN: f.options.DSN,
		Clock: f.options.Clock, Logger: f.options.Logger, Now: f.place,
	})
}

func (f *Consumer[T]) place() status.Place {
	now := f.Status()
	at := now.Position
	if f.options.Reached != nil {
		at = f.options.Reached()
	}
	return status.Place{Position: at.Uint64(), Head: now.Head.Uint64(), Oldest: now.Oldest}
}

// claim takes the row over. The work does not wait for a row that cannot be had:
// health is DOWN without it.
func (f *Consumer[T]) claim(ctx context.Context, conn *pgx.Conn) {
	if f.row == nil {
		return
	}
	id, err := eventstore.ReadIdentity(ctx, f.options.Store)
	if err != nil {
		id = uuid.Nil // the row keeps the one that it has
	}
	if err := f.row.Claim(ctx, conn, id); err != nil {
		f.options.Logger.WarnContext(ctx, "the status of a consumer cannot be written", "consumer", f.options.ID, "error", err)
	}
}

func (f *Consumer[T]) writeRow(ctx context.Context, pid uint32) {
	if f.row != nil {
		f.row.Run(ctx, pid)
	}
}

// Beat says that the loop is at work. A handler that waits long inside of Apply,
// and is well all the same, calls it from there.
func (f *Consumer[T]) Beat() {
	if f.row != nil {
		f.row.Beat()
	}
}

// moved ends a fault when events were applied.
func (f *Consumer[T]) moved(events int) {
	if f.row != nil && events > 0 {
		f.row.Moved()
	}
}

// keepFault writes why the session ended, while it still holds the lease.
func (f *Consumer[T]) keepFault(ctx context.Context, err error) {
	if f.row == nil || err == nil || ctx.Err() != nil {
		return
	}
	f.row.Fail(ctx, FaultOf(err))
}

// FaultOf is an error as a row, an answer or a metric may show it, without the
// time since when.
func FaultOf(err error) status.Fault {
	fault := status.Fault{Category: status.KindOf(err).Category()}
	var poison *Poison
	if errors.As(err, &poison) {
		fault.EventID, fault.Type, fault.Position = poison.EventID, poison.Type, poison.Position.Uint64()
	}
	return fault
}

// poisonBatch names the event of a batch of one.
func (s *session[T]) poisonBatch(batch Batch[T], err error) *Poison {
	poison := &Poison{Position: batch.Through, Err: err}
	if len(batch.Events) == 1 {
		poison.EventID, poison.Type = s.newest.id, s.newest.eventType
	}
	return poison
}

// logged is an error as a log may have it. The text of one that an event caused may
// quote the event.
func logged(err error) []any {
	all := []any{"kind", status.KindOf(err)}
	var poison *Poison
	if errors.As(err, &poison) {
		return append(all, "event", poison.EventID, "type", poison.Type, "position", poison.Position.Uint64())
	}
	return append(all, "error", err)
}
