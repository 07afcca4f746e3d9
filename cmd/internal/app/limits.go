package app

import (
	"context"
	"fmt"
	"strconv"

	"nonassociations/commands"
	"nonassociations/web/api"
)

// Limits bound what one serving process gives at the same time. Without them one client
// could take all connections of the pool and every other client would wait.
type Limits struct {
	// A feed that follows holds a connection and a subscription for hours.
	FeedsPerClient int // MAX_FEEDS_PER_CLIENT
	Feeds          int // MAX_FEEDS, of all clients
	// A request with atLeast waits up to two seconds for the read model.
	WaitersPerClient int // MAX_WAITERS_PER_CLIENT
	Connections      int // MAX_CONNECTIONS
}

// maxLimit is more than a process can serve. A larger number is a mistake.
const maxLimit = 1_000_000

// readLimits returns the limits in environment, with a default for each that is not set.
// A fault names the variable and not the value.
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

// locatorWithWaiterLimit counts a command that waits for the read model against the
// limit of its client.
type locatorWithWaiterLimit struct {
	commands.PairLocator

	limit *api.WaiterLimit
}

// WaitFor waits for the position, and fails at once when the client has reached its
// limit.
func (s locatorWithWaiterLimit) WaitFor(ctx context.Context, position uint64) error {
	return s.limit.Wait(ctx, func(ctx context.Context) error { return s.PairLocator.WaitFor(ctx, position) })
}
