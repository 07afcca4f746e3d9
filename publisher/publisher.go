package publisher

import (
	"context"

	"nonassociations/domain"
	"nonassociations/eventstore/consumer"
	"nonassociations/publisher/message"
)

// Publisher publishes to one topic. Several may run, in any processes: one holds
// the lease and works, and another takes over within seconds of its end.
type Publisher struct {
	consumer *consumer.Consumer[fact]
	handler  *handler
}

// New returns a publisher that does nothing until Run.
func New(options Options) *Publisher {
	p := &Publisher{handler: newHandler(options)}
	p.consumer = consumer.New(consumer.Options{
		Name: LeaseOf(options.Topic), DSN: options.DSN, Store: options.Store, Prefixes: domain.StreamPrefixes(),
		Clock: options.Clock, Logger: options.Logger, Wake: p.handler.wake, Live: liveFacts, Catchup: catchupFacts,
		ID: ConsumerOf(options.Topic), Build: options.Build, Reached: p.handler.reached,
	}, p.handler)
	p.handler.beat = p.consumer.Beat
	return p
}

const (
	liveFacts    = 500
	catchupFacts = 2000
)

// Topic returns the topic that it publishes to.
func (p *Publisher) Topic() message.Topic { return p.handler.Topic }

// Run publishes until ctx ends and then returns nil. It retries through outages of
// SNS, the event store and Postgres. The only error wraps consumer.ErrRefused: the
// checkpoint is of another log, and the message says what an operator can do.
func (p *Publisher) Run(ctx context.Context) error {
	defer p.handler.stop()
	return p.consumer.Run(ctx)
}

// Consuming returns the status of the publisher as a consumer of the log. A fault
// of SNS is its Failure too. It is safe for concurrent use.
func (p *Publisher) Consuming() consumer.Status {
	now := p.consumer.Status()
	if now.Failure == nil {
		now.Failure = p.handler.health.fault()
	}
	return now
}

// Status returns a snapshot. It is safe for concurrent use, before and after Run.
func (p *Publisher) Status() Status {
	consuming := p.Consuming()
	now := Status{Topic: p.handler.Topic, Leader: consuming.Leader, Waiting: consuming.Waiting, Fault: consuming.Failure}
	if s := p.handler.currentSession(); s != nil {
		now.Counts = p.handler.counts()
		if consuming.Leader {
			s.pipeline.describe(&now, p.handler.Clock())
		}
	}
	return now
}
