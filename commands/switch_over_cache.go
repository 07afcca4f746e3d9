package commands

import (
	"context"
	"errors"
	"fmt"
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

// cachedSwitchOver is a state and when its read began.
type cachedSwitchOver struct {
	switchOverState

	at time.Time
}

func newSwitchOverCache(log eventstore.Store, clock func() time.Time, catalogue domain.Catalogue) *switchOverCache {
	c := &switchOverCache{log: log, clock: clock, catalogue: catalogue}
	c.shared = eventstore.Share(c.refresh)
	return c
}

// fresh returns the cached state, and false unless it is younger than switchOverAge.
func (c *switchOverCache) fresh() (domain.SwitchOver, bool) {
	latest := c.latest.Load()
	if latest == nil {
		return domain.SwitchOver{}, false
	}
	age := c.clock().Sub(latest.at)
	return latest.state, age >= 0 && age < switchOverAge // a clock that steps back keeps no state young
}

// read returns the state as of a read that begins after the call.
func (c *switchOverCache) read(ctx context.Context) (domain.SwitchOver, error) {
	if _, err := c.shared.Get(ctx); err != nil {
		return domain.SwitchOver{}, err
	}
	return c.latest.Load().state, nil
}

// put stores the state of a read or an append that began at a moment, unless a later
// state is stored.
func (c *switchOverCache) put(s switchOverState, began time.Time) {
	fresh := &cachedSwitchOver{switchOverState: s, at: began}
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
	latest, began := c.latest.Load(), c.clock()
	last, err := c.log.ReadStream(ctx, domain.SwitchOverStream, eventstore.Backwards, eventstore.FromEnd, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
		return eventstore.Position{}, err
	}
	next := uint64(0)
	if len(last) > 0 {
		next = last[0].Revision + 1
	}
	if latest != nil && latest.facts == next {
		c.put(latest.switchOverState, began)
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
		return eventstore.Position{}, fmt.Errorf("%w: %s is shorter than it was", eventstore.ErrNotWhole, domain.SwitchOverStream)
	}
	c.put(loaded.switchOverState, began)
	return eventstore.Position{}, nil
}
