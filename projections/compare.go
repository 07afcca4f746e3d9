package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/pg"
)

// Comparison holds the facts that the read model was built from beside the facts that
// the log holds up to the same position. Each side is a count and a running hash of
// event ids.
type Comparison struct {
	Store    uuid.UUID // the log that the read model was built from; zero: there is no read model
	Position uint64    // the public position up to which the read model is built
	Built    eventstore.Trail
	InLog    eventstore.Trail
	Counted  bool // Built is known; a read model of an older build has none
}

// Same reports whether the read model was built from exactly the facts that the log
// holds, in the same order.
func (c Comparison) Same() bool { return c.Counted && c.Built == c.InLog }

// Compare reads the ids of all facts up to the position of the read model, and
// changes nothing. It takes as long as a read of the whole log. Where there is no
// read model it returns the zero Comparison. Errors: those of Postgres and of the log.
func Compare(ctx context.Context, dsn string, g Generation, store eventstore.Store) (Comparison, error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare the read model with the log: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	read, err := readCheckpoint(ctx, conn, g)
	if err != nil || read.store == uuid.Nil {
		return Comparison{}, err
	}
	c := Comparison{Store: read.store, Position: read.at.Uint64(), Built: read.trail, Counted: read.counted}
	if c.InLog, err = trailUpTo(ctx, store, read.at); err != nil {
		return Comparison{}, fmt.Errorf("compare the read model with the log: %w", err)
	}
	return c, nil
}

// errEnough ends a subscription that has delivered all that is needed.
var errEnough = errors.New("enough was read")

// trailUpTo returns the trail of all facts up to a position, that one included.
func trailUpTo(ctx context.Context, store eventstore.Store, at eventstore.Position) (eventstore.Trail, error) {
	var trail eventstore.Trail
	if at == eventstore.Start {
		return trail, nil
	}
	err := store.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		if m.Kind == eventstore.CaughtUp || at.Before(m.Position) {
			return errEnough
		}
		if m.Kind == eventstore.EventAppeared {
			trail = trail.Add(m.Event.ID)
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		return eventstore.Trail{}, err
	}
	return trail, nil
}
