package app

import (
	"context"
	"strconv"
	"sync"

	"nonassociations/nomis"
	"nonassociations/web/shape"
)

// openQueues opens the queues whose variables are set, for operators and for health. It
// sends no request. Errors: an address that is no queue's.
func (p *process) openQueues(below context.Context) error {
	var addresses []string
	for _, q := range []struct{ id, address string }{
		{"domainEvents", p.Config.DomainEventsQueueURL},
		{"nomisEvents", p.Config.NOMISEventsQueueURL},
		{"prisonerEvents", p.Config.PrisonerEventsQueueURL},
	} {
		if q.address != "" {
			p.queueIDs, addresses = append(p.queueIDs, q.id), append(addresses, q.address)
		}
	}
	if len(addresses) == 0 {
		p.queues = &nomis.Queues{}
		return nil
	}
	var err error
	p.queues, err = nomis.OpenQueues(below, p.kept, addresses...)
	return err
}

// queueHealth returns how each queue is doing, by the name of its component. The queues
// are asked at the same time.
func (p *process) queueHealth(ctx context.Context) map[string]shape.QueueHealth {
	names := p.queues.Names()
	found := make([]shape.QueueHealth, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			status, err := p.queues.Status(ctx, name)
			if err != nil {
				p.Logger.WarnContext(ctx, "health check failed", "component", p.queueIDs[i], "error", err)
			}
			found[i] = healthOfQueue(name, status, err)
		})
	}
	asking.Wait()
	all := map[string]shape.QueueHealth{}
	for i, one := range found {
		all[p.queueIDs[i]+"-health"] = one
	}
	return all
}

// healthOfQueue returns the component of a queue. One without a dead-letter queue is
// DOWN: a message that cannot be read would come again for ever.
func healthOfQueue(name string, status nomis.QueueStatus, err error) shape.QueueHealth {
	health := shape.QueueHealth{Status: shape.Down, Details: shape.QueueDetails{QueueName: name, DLQStatus: shape.Down}}
	if err != nil {
		return health
	}
	health.Details.MessagesOnQueue, health.Details.MessagesInFlight = strconv.Itoa(status.Messages), strconv.Itoa(status.InFlight)
	if status.DeadLetterName == "" {
		return health
	}
	health.Status, health.Details.DLQStatus = shape.Up, shape.Up
	health.Details.DLQName, health.Details.MessagesOnDLQ = status.DeadLetterName, strconv.Itoa(status.DeadLetters)
	return health
}
