package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/internal/pg"
	"nonassociations/nomis"
	"nonassociations/projections"
	"nonassociations/web/api"
)

// HealthLimits are what is too much for a consumer; 0 is what is usual.
type HealthLimits struct {
	Heartbeat time.Duration // the age of a heartbeat, 30 s
	Lag       time.Duration // the age of the oldest fact that is not applied, 60 s
}

const (
	defaultHeartbeatLimit = 30 * time.Second
	defaultLagLimit       = 60 * time.Second
)

func (l HealthLimits) withDefaults() HealthLimits {
	if l.Heartbeat == 0 {
		l.Heartbeat = defaultHeartbeatLimit
	}
	if l.Lag == 0 {
		l.Lag = defaultLagLimit
	}
	return l
}

// watchedConsumer is a consumer that this process shows.
type watchedConsumer struct {
	name        string
	hasPosition bool // it has a position
	// own is how it is in this process; nil: it works elsewhere.
	own func() consumer.Status
	// seen is up to where its results are shown here; nil: as far as it says. False:
	// they are not shown at all.
	seen func(context.Context) (uint64, bool)
}

// consumerHealth sees how the consumers are: by their rows, by what this process knows of
// its own, and by a head of the log that it reads itself.
type consumerHealth struct {
	process *process
	rows    *pgxpool.Pool
	limits  HealthLimits

	mu      sync.Mutex
	watched []watchedConsumer
	head    eventstore.Head
	away    map[string]api.ConsumerFault // faults that no row keeps, by consumer
}

// statusConnectTimeout bounds a connect for a look at the rows.
const statusConnectTimeout = 3 * time.Second

// newConsumerHealth opens the way to the rows. Postgres need not be up.
func (p *process) newConsumerHealth(ctx context.Context) error {
	const looks = 2 // health and metrics at once
	config, err := pg.ParsePool(p.Config.DatabaseURL, looks, statusConnectTimeout)
	if err != nil {
		return errors.New("DATABASE_URL is not an address that the driver of Postgres can read")
	}
	pg.Resize(config, looks)
	pg.Set(config.ConnConfig, "application_name", "consumers' status")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open the consumers' status: %w", err)
	}
	p.closers = append(p.closers, infallible(pool.Close))
	p.consumers = &consumerHealth{
		process: p, rows: pool, limits: p.Limits.withDefaults(), away: map[string]api.ConsumerFault{},
		watched: []watchedConsumer{{name: projections.Consumer, hasPosition: true}},
	}
	return nil
}

// watch adds a consumer of this process, or says more of one that is there.
func (l *consumerHealth) watch(w watchedConsumer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.watched {
		if l.watched[i].name == w.name {
			l.watched[i] = w
			return
		}
	}
	l.watched = append(l.watched, w)
}

// Consumers are the names of all that a build has.
func Consumers() []string {
	return []string{projections.Consumer, "publisher", "historyPublisher", nomis.Consumer}
}

// queryTimeout is for one question of a look. A store that hangs takes no answer of
// another along, nor the scrape, which Prometheus would give up.
const queryTimeout = time.Second

func (l *consumerHealth) readRows(ctx context.Context) (map[string]status.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return status.ReadAll(ctx, l.rows)
}

// refresh is how each consumer is now.
func (l *consumerHealth) refresh(ctx context.Context) map[string]api.Consumer {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.readRows(ctx)
	if err != nil {
		l.process.Logger.WarnContext(ctx, "the consumers' status cannot be read", "kind", status.KindOf(err))
	}
	head := l.readHead(ctx)
	all := make(map[string]api.Consumer, len(l.watched))
	for _, w := range l.watched {
		row, there := rows[w.name]
		all[w.name] = l.statusOf(ctx, w, row, there, head)
	}
	return all
}

// readHead is nil when the log does not answer.
func (l *consumerHealth) readHead(ctx context.Context) *uint64 {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	found, err := eventstore.FindHead(ctx, l.process.log, domain.StreamPrefixes(), l.head)
	if err != nil {
		l.head = eventstore.Head{} // the log may have been put back
		return nil
	}
	l.head = found
	position := found.Own.Uint64()
	return &position
}

func (l *consumerHealth) statusOf(ctx context.Context, w watchedConsumer, row status.Status, there bool, head *uint64) api.Consumer {
	one, age := api.Consumer{Position: row.Position}, row.Age
	if there {
		one.Beat, one.Fault = &row.Heartbeat, shownFault(row.Fault)
	}
	if w.own != nil {
		age = l.overlay(w, &one, age)
	}
	shown := true
	if w.seen != nil {
		seen, cancel := context.WithTimeout(ctx, queryTimeout)
		var at uint64
		if at, shown = w.seen(seen); shown {
			one.Position = &at
		}
		cancel()
	}
	if w.hasPosition {
		one.Head = head
		one.Lag = l.lag(ctx, one.Position, head)
	}
	behind := one.Lag != nil && *one.Lag > l.limits.Lag.Seconds()
	one.SetUp(shown && one.Beat != nil && age <= l.limits.Heartbeat && one.Fault == nil && !behind)
	return one
}

// overlay says what this process knows better than the row, which is up to a
// second old and keeps no fault that passes.
func (l *consumerHealth) overlay(w watchedConsumer, one *api.Consumer, age time.Duration) time.Duration {
	now := w.own()
	if !now.Heartbeat.IsZero() {
		one.Beat, age = &now.Heartbeat, l.process.Clock().Sub(now.Heartbeat)
	}
	if now.Failure == nil {
		delete(l.away, w.name)
		return age
	}
	if one.Fault != nil {
		return age
	}
	fault := consumer.FaultOf(now.Failure)
	was, known := l.away[w.name]
	if !known || was.Category != string(fault.Category) {
		fault.Since = l.process.Clock()
		was = *shownFault(&fault)
		l.away[w.name] = was
	}
	one.Fault = &was
	return age
}

func shownFault(f *status.Fault) *api.ConsumerFault {
	if f == nil {
		return nil
	}
	shown := &api.ConsumerFault{Category: string(f.Category), Since: f.Since}
	if f.EventID != (eventstore.Seen{}).ID {
		shown.EventID = &f.EventID
	}
	if f.Type != "" {
		shown.Type = &f.Type
	}
	if f.Position > 0 {
		shown.Position = &f.Position
	}
	return shown
}

// lag is nil when it cannot be told.
func (l *consumerHealth) lag(ctx context.Context, position, head *uint64) *float64 {
	if position == nil || head == nil {
		return nil
	}
	none := 0.0
	if *position >= *head {
		return &none
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	recorded, err := consumer.OldestBehind(ctx, l.process.log, domain.StreamPrefixes(), eventstore.Position{Commit: *position, Prepare: *position})
	switch {
	case err != nil:
		return nil
	case recorded.IsZero():
		return &none
	}
	seconds := max(0, l.process.Clock().Sub(recorded).Seconds())
	return &seconds
}
