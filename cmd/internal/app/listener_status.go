package app

import (
	"context"
	"sync"

	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
)

// reportListener writes the status row of a listener until the context ends. A listener
// has no position in the log. Its row is shared by all processes, because any of them may get
// the next message: it shows when one of them last looked, and the fault that the last one
// had. beat is called after each round, with the error of that round. ended stops writing
// and waits.
func (p *process) reportListener(ctx context.Context, name string) (beat func(error), ended func()) {
	writer := status.NewWriter(status.Options{
		Consumer: name, Build: Version(), Session: p.statusRows, Clock: p.Clock, Logger: p.Logger, Shared: true,
	})
	var (
		mu    sync.Mutex
		fault error
	)
	p.consumers.watch(watchedConsumer{name: name, own: func() consumer.Status {
		mu.Lock()
		defer mu.Unlock()
		return consumer.Status{Failure: fault, Heartbeat: writer.Beaten()}
	}})
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	writing.Go(func() { writer.Run(ctx, 0) })
	beat = func(err error) {
		mu.Lock()
		fault = err
		mu.Unlock()
		writer.Report(status.KindOf(err).Category())
	}
	return beat, func() { cancel(); writing.Wait() }
}
