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

// Comparison is what the read model was built from, beside what the log holds up
// to the same position.
type Comparison struct {
	Store    uuid.UUID // the log that the read model is of; zero: there is no read model
	Position uint64    // up to where it is built, as the world sees positions
	Built    eventstore.Trail
	InLog    eventstore.Trail
	Counted  bool // Built is known: not so in a read model of an older build
}

// Same reports whether the read model was built from exactly the facts that the
// log holds, in their order.
func (c Comparison) Same() bool { return c.Counted && c.Built == c.InLog }

// Compare reads the ids of all facts up to the read model's position, and changes
// nothing. It takes as long as reading the log does. Errors: those of Postgres and
// of a read of the log.
func Compare(ctx context.Context, dsn string, store eventstore.Store) (Comparison, error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare the read model with the log: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	kept, err := readCheckpoint(ctx, conn)
	if err != nil || kept.store == uuid.Nil {
		return Comparison{}, err
	}
	c := Comparison{Store: kept.store, Position: kept.at.Uint64(), Built: kept.trail, Counted: kept.counted}
	if c.InLog, err = trailUpTo(ctx, store, kept.at); err != nil {
		return Comparison{}, fmt.Errorf("compare the read model with the log: %w", err)
	}
	return c, nil
}

// errEnough ends a subscription that has heard what it wanted.
var errEnough = errors.New("enough was read")

// trailUpTo is the trail of all facts up to a position.
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
