package consumer

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// eventRef is an event by its id and type.
type eventRef struct {
	id        uuid.UUID
	eventType string
}

// newRow returns nil for a consumer without a row.
func (c *Consumer[T]) newRow() *status.Writer {
	if c.options.ID == "" {
		return nil
	}
	return status.NewWriter(status.Options{
		Consumer: c.options.ID, Build: c.options.Build, DSN: c.options.DSN,
		Clock: c.options.Clock, Logger: c.options.Logger, Now: c.place, Intervals: c.options.Intervals.Status,
	})
}

// place is the progress that the row shows.
func (c *Consumer[T]) place() status.Place {
	now := c.Status()
	at := now.Position
	if c.options.Reached != nil {
		at = c.options.Reached()
	}
	return status.Place{Position: at.Uint64(), Head: now.Head.Uint64(), Oldest: now.Oldest}
}

// claim takes the row over from the previous holder of the lease. A failure is
// logged and delays nothing: without the row, health reports DOWN.
func (c *Consumer[T]) claim(ctx context.Context, conn *pgx.Conn) {
	if c.row == nil {
		return
	}
	id, err := eventstore.ReadIdentity(ctx, c.options.Store)
	if err != nil {
		id = uuid.Nil // the row keeps the id that it has
	}
	if err := c.row.Claim(ctx, conn, id); err != nil {
		c.options.Logger.WarnContext(ctx, "consumer status not written", "consumer", c.options.ID, "error", err)
	}
}

// writeRow updates the row until the context ends. pid is the server process of the
// session that does the work.
func (c *Consumer[T]) writeRow(ctx context.Context, pid uint32) {
	if c.row != nil {
		c.row.Run(ctx, pid)
	}
}

// Beat records a heartbeat: the loop is at work. A handler that may wait long inside
// of Apply without a fault calls it from there.
func (c *Consumer[T]) Beat() {
	if c.row != nil {
		c.row.Beat()
	}
}

// moved ends the fault of the row when events were applied.
func (c *Consumer[T]) moved(events int) {
	if c.row != nil && events > 0 {
		c.row.Moved()
	}
}

// keepFault stores why the session ended in the row, while the lease is still held.
func (c *Consumer[T]) keepFault(ctx context.Context, err error) {
	if c.row == nil || err == nil || ctx.Err() != nil {
		return
	}
	c.row.Fail(ctx, FaultOf(err))
}

// FaultOf reduces an error to what a row, an answer or a metric may show. Since is
// not set.
func FaultOf(err error) status.Fault {
	fault := status.Fault{Category: status.KindOf(err).Category()}
	var poison *Poison
	if errors.As(err, &poison) {
		fault.EventID, fault.Type, fault.Position = poison.EventID, poison.Type, poison.Position.Uint64()
	}
	return fault
}

// poisonBatch makes a Poison of a refused batch. It names the event only when the
// batch has one event: of several, the one at fault is not known.
func (s *session[T]) poisonBatch(batch Batch[T], err error) *Poison {
	poison := &Poison{Position: batch.Through, Err: err}
	if len(batch.Events) == 1 {
		poison.EventID, poison.Type = s.newest.id, s.newest.eventType
	}
	return poison
}

// errorAttributes are the log attributes of an error. The text of a Poison is left out: it may
// quote the event, and with it a comment or a name; the code of Postgres quotes nothing.
func errorAttributes(err error) []any {
	all := []any{"kind", status.KindOf(err)}
	var poison *Poison
	if errors.As(err, &poison) {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			all = append(all, "code", refused.Code)
		}
		return append(all, "event", poison.EventID, "type", poison.Type, "position", poison.Position.Uint64())
	}
	return append(all, "error", err)
}
