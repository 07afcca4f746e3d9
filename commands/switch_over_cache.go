package commands

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// switchOverAge is how old the cached state may be. A request of NOMIS needs the state,
// and must not cost a read of the log for it: one read a second is shared by all.
const switchOverAge = time.Second

// switchOverCache keeps the state of the switch-over. A refresh reads one event, the
// last of the stream, and reads the stream again only when that is a new one. It is safe
// for concurrent use.
type switchOverCache struct {
	log       eventstore.Store
	clock     func() time.Time
	catalogue domain.Catalogue
	shared    *eventstore.Shared // one refresh at a time
	latest    atomic.Pointer[cachedSwitchOver]
}

// cachedSwitchOver is a state and when it was read.
type cachedSwitchOver struct {
	switchOverState

	at time.Time
}

func newSwitchOverCache(log eventstore.Store, clock func() time.Time, catalogue domain.Catalogue) *switchOverCache {
	c := &switchOverCache{log: log, clock: clock, catalogue: catalogue}
	c.shared = eventstore.Share(c.refresh)
	return c
}

// get returns a state that is at most switchOverAge old.
func (c *switchOverCache) get(ctx context.Context) (domain.SwitchOver, error) {
	if latest := c.latest.Load(); latest != nil {
		// A clock that steps back must not make a state young for ever.
		if age := c.clock().Sub(latest.at); age >= 0 && age < switchOverAge {
			return latest.state, nil
		}
	}
	return c.read(ctx)
}

// read returns the state as of a read that begins after the call.
func (c *switchOverCache) read(ctx context.Context) (domain.SwitchOver, error) {
	if _, err := c.shared.Get(ctx); err != nil {
		return domain.SwitchOver{}, err
	}
	return c.latest.Load().state, nil
}

// put stores a state that was read or appended now, unless a later one is stored.
func (c *switchOverCache) put(s switchOverState) {
	fresh := &cachedSwitchOver{switchOverState: s, at: c.clock()}
	for {
		latest := c.latest.Load()
		if latest != nil && latest.facts > s.facts || c.latest.CompareAndSwap(latest, fresh) {
			return
		}
	}
}

// refresh reads the last event of the stream, and the whole stream when the event is
// new. The position that it returns has no meaning.
func (c *switchOverCache) refresh(ctx context.Context) (eventstore.Position, error) {
	latest := c.latest.Load()
	last, err := c.log.ReadStream(ctx, domain.SwitchOverStream, eventstore.Backwards, eventstore.FromEnd, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
		return eventstore.Position{}, err
	}
	next := uint64(0)
	if len(last) > 0 {
		next = last[0].Revision + 1
	}
	if latest != nil && latest.facts == next {
		c.put(latest.switchOverState)
		return eventstore.Position{}, nil
	}
	read := eventstore.Stream{}
	if next > 0 {
		read = c.log.ReadMany(ctx, []string{domain.SwitchOverStream})[0]
	}
	loaded, err := foldSwitchOver(ctx, c.log, c.catalogue, read)
	if err != nil {
		return eventstore.Position{}, err
	}
	if latest != nil && loaded.facts < latest.facts {
		return eventstore.Position{}, eventstore.ErrNotWhole
	}
	c.put(loaded.switchOverState)
	return eventstore.Position{}, nil
}
