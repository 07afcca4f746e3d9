package publisher

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// Options of a Publisher. All but Window and Build must be set.
type Options struct {
	Topic  message.Topic
	Client *Client
	Mapper message.Mapper
	Store  eventstore.Store
	// DSN is the address of the database with checkpoint and parked messages. There
	// must be no transaction pooler between: the lease belongs to a session.
	DSN    string
	Clock  func() time.Time
	Logger *slog.Logger
	Window int    // facts in the pipeline at once; 0 means 4,096
	Build  string // of this process, for its row of consumer.status

	step   func(string) // a test's hook at each step of the loop
	delays delays       // zero means normalDelays
}

const defaultWindow = 4096

// LeaseOf returns the name of the lease that a topic's publisher holds. Of all
// processes one holds it.
func LeaseOf(t message.Topic) string { return "publisher/" + string(t) }

// ConsumerOf returns the name of a topic's publisher in the table consumer.status.
func ConsumerOf(t message.Topic) string {
	if t == message.History {
		return "historyPublisher"
	}
	return "publisher"
}

// Publisher publishes to one topic. Several may run, in any processes: one holds
// the lease and works, and another takes over within seconds of its end.
type Publisher struct {
	Options

	consumer *consumer.Consumer[fact]
	handler  *handler
	health   health
}

// New returns a publisher that does nothing until Run.
func New(options Options) *Publisher {
	if options.Window == 0 {
		options.Window = defaultWindow
	}
	if options.delays == (delays{}) {
		options.delays = normalDelays
	}
	if options.step == nil {
		options.step = func(string) {}
	}
	options.Mapper.DomainOnly = options.Topic == message.Domain
	p := &Publisher{Options: options}
	wake := make(chan struct{}, 1)
	p.handler = &handler{Publisher: p, catalogue: domain.Events(), wake: wake}
	p.consumer = consumer.New(consumer.Options{
		Name: LeaseOf(options.Topic), DSN: options.DSN, Store: options.Store, Prefixes: domain.StreamPrefixes(),
		Clock: options.Clock, Logger: options.Logger, Wake: wake, Live: liveFacts, Catchup: catchupFacts,
		ID: ConsumerOf(options.Topic), Build: options.Build, Reached: p.reached,
	}, p.handler)
	return p
}

const (
	liveFacts    = 500
	catchupFacts = 2000
)

// Run publishes until ctx ends and then returns nil. It retries through outages of
// SNS, the event store and Postgres. The only error wraps consumer.ErrRefused: the
// checkpoint is of another log, and the message tells an operator what to do.
func (p *Publisher) Run(ctx context.Context) error {
	defer p.handler.stop()
	return p.consumer.Run(ctx)
}

// Status is a snapshot of a publisher for health and metrics.
type Status struct {
	Topic    message.Topic
	Leader   bool                // this process publishes
	Waiting  bool                // another process does
	Position eventstore.Position // everything up to here is delivered or parked; of the leader only
	InFlight int                 // facts between the log and SNS
	Lag      time.Duration       // age of the oldest of them
	Refused  int                 // parked messages that SNS calls invalid: each waits for an operator
	Failing  int                 // parked messages that fail by themselves, and are retried
	Blocked  int                 // parked messages that come after those in their pairs
	Skipped  int                 // messages that an operator decided never to send
	Counts
	// Fault is the last fault of SNS, the log or Postgres since a message was
	// delivered; nil while all is well.
	Fault error
}

// reached returns the position up to which everything is delivered or parked.
func (p *Publisher) reached() eventstore.Position {
	s := p.handler.currentSession()
	if s == nil {
		return eventstore.Position{}
	}
	s.pipeline.mu.Lock()
	defer s.pipeline.mu.Unlock()
	return s.pipeline.through.at
}

// Consuming returns the status of the publisher as a consumer of the log. A fault
// of SNS is its Failure too. It is safe for concurrent use.
func (p *Publisher) Consuming() consumer.Status {
	status := p.consumer.Status()
	if status.Failure == nil {
		status.Failure = p.health.fault()
	}
	return status
}

// Status returns a snapshot. It is safe for concurrent use, before and after Run.
func (p *Publisher) Status() Status {
	following := p.consumer.Status()
	status := Status{Topic: p.Topic, Leader: following.Leader, Waiting: following.Waiting, Fault: following.Failure}
	if status.Fault == nil {
		status.Fault = p.health.fault()
	}
	if s := p.handler.currentSession(); s != nil {
		status.Counts = p.handler.counts()
		if following.Leader {
			s.pipeline.describe(&status, p.Clock())
		}
	}
	return status
}

func (l *pipeline) describe(status *Status, now time.Time) {
	parked := l.parkedByState()
	status.Refused, status.Failing, status.Blocked = parked[store.Refused], parked[store.Failing], parked[store.Blocked]
	status.Skipped = parked[store.Skipped]
	l.mu.Lock()
	defer l.mu.Unlock()
	status.Position, status.InFlight = l.through.at, l.open
	if l.first != nil {
		status.Lag = now.Sub(l.first.oldest)
	}
}

// health keeps the last fault of sending until a message is delivered. A lasting
// fault is logged once a minute, not at every attempt.
type health struct {
	mu       sync.Mutex
	last     error
	loggedAt time.Time
}

// logEvery is how often a fault that lasts is logged.
const logEvery = time.Minute

func (h *health) fault() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (p *Publisher) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	p.health.mu.Lock()
	now := p.Clock()
	due := p.health.last == nil || now.Sub(p.health.loggedAt) >= logEvery
	p.health.last = err
	if due {
		p.health.loggedAt = now
	}
	p.health.mu.Unlock()
	if due {
		p.Logger.WarnContext(ctx, "SNS publish failed, retrying", "topic", p.Topic, "kind", status.KindOf(err), "code", codeOf(err))
	}
}

func (p *Publisher) recovered(ctx context.Context) {
	p.health.mu.Lock()
	was := p.health.last
	p.health.last = nil
	p.health.mu.Unlock()
	if was != nil {
		p.Logger.InfoContext(ctx, "SNS publish recovered", "topic", p.Topic)
	}
}
