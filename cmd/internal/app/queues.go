package app

import (
	"context"
	"slices"

	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

// openQueues opens the queues whose variables are set, for operators. It sends no
// request. Errors: an address that is no queue's.
func (p *process) openQueues(below context.Context) (*nomis.Queues, error) {
	addresses := slices.DeleteFunc(
		[]string{p.Config.DomainEventsQueueURL, p.Config.NOMISEventsQueueURL, p.Config.PrisonerEventsQueueURL},
		func(address string) bool { return address == "" })
	if len(addresses) == 0 {
		return &nomis.Queues{}, nil
	}
	keeper, err := store.Open(below, p.Config.DatabaseURL)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, infallible(keeper.Close))
	return nomis.OpenQueues(below, keeper, addresses...)
}
