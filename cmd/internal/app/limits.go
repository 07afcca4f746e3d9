package app

import (
	"context"
	"fmt"
	"strconv"

	"nonassociations/commands"
	"nonassociations/web/api"
)

// Limits bound what one serving process gives at once.
type Limits struct {
	FeedsPerClient   int // MAX_FEEDS_PER_CLIENT
	Feeds            int // MAX_FEEDS, of all clients
	WaitersPerClient int // MAX_WAITERS_PER_CLIENT, of the seats of all
	Connections      int // MAX_CONNECTIONS
}

// maxLimit is more than any process could serve: what is larger is a mistake.
const maxLimit = 1_000_000

// readLimits reads the limits; one that is not set has its default. Faults name
// the variable.
func readLimits(environment map[string]string, f *faults) Limits {
	limits := Limits{FeedsPerClient: 4, Feeds: 32, WaitersPerClient: api.DefaultWaiters, Connections: api.DefaultConnections}
	for name, limit := range map[string]*int{
		"MAX_FEEDS_PER_CLIENT": &limits.FeedsPerClient, "MAX_FEEDS": &limits.Feeds,
		"MAX_WAITERS_PER_CLIENT": &limits.WaitersPerClient, "MAX_CONNECTIONS": &limits.Connections,
	} {
		text := environment[name]
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit || text[0] == '+' {
			f.add(fmt.Sprintf("%s must be a whole number from 1 to %d", name, maxLimit))
			continue
		}
		*limit = n
	}
	return limits
}

// locatorWithSeats waits for the read model on a seat of the client whose command it is.
type locatorWithSeats struct {
	commands.PairLocator

	seats *api.Seats
}

// WaitFor is commands.Router's.
func (s locatorWithSeats) WaitFor(ctx context.Context, position uint64) error {
	return s.seats.Wait(ctx, func(ctx context.Context) error { return s.PairLocator.WaitFor(ctx, position) })
}
