package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/audit/evidence/signer"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/internal/pg"
	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/projections"
	"nonassociations/web/shape"
)

// HealthLimits are the limits beyond which a consumer counts as DOWN. A zero field
// stands for its default.
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

// watchedConsumer is one consumer in the health and the metrics of this process.
type watchedConsumer struct {
	name        string
	hasPosition bool // it has a position
	// own returns the status of the consumer in this process. It is nil when the
	// consumer runs in another process, which writes a row.
	own func() consumer.Status
	// seen returns the position up to which this process shows the results, and false
	// when it shows none. It is nil when the row's position is the answer.
	seen func(context.Context) (uint64, bool)
}

// consumerHealth computes the status of each consumer from three sources: the row that
// the consumer writes, what this process knows of its own consumers, and the head of the
// log. It reads the head itself, because a consumer that is stuck cannot be trusted to
// report lag. Its methods may be called concurrently.
type consumerHealth struct {
	process *process
	rows    *pgxpool.Pool
	limits  HealthLimits
	brake   func(context.Context) (store.Brake, error) // nil in a process that may not read it

	mu      sync.Mutex
	watched []watchedConsumer
	head    eventstore.Head
	away    map[string]shape.ConsumerFault // faults that no row keeps, by consumer
}

// statusConnectTimeout bounds a connect for reading the rows, so that a health check
// answers although Postgres hangs.
const statusConnectTimeout = 3 * time.Second

// newConsumerHealth opens the pool for reading the rows, and prepares to write those of
// listeners. Postgres need not be up.
// Errors: an address that the driver cannot read.
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
	p.statusRows = status.NewSession(p.Config.DatabaseURL)
	p.closers = append(p.closers, infallible(pool.Close), func(ctx context.Context) error {
		p.statusRows.Close(ctx)
		return nil
	})
	p.consumers = &consumerHealth{
		process: p, rows: pool, limits: p.Limits.withDefaults(), away: map[string]shape.ConsumerFault{},
		watched: []watchedConsumer{{name: projections.Consumer, hasPosition: true}},
	}
	return nil
}

// watch adds a consumer, or replaces the one of the same name when a role of this
// process knows more about it.
func (h *consumerHealth) watch(w watchedConsumer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.watched {
		if h.watched[i].name == w.name {
			h.watched[i] = w
			return
		}
	}
	h.watched = append(h.watched, w)
}

// Consumers returns the names of all consumers of this build, in no particular order.
func Consumers() []string {
	return []string{
		projections.Consumer, "publisher", "historyPublisher", nomis.Consumer, nomis.TurnsConsumer, nomis.SwitchedConsumer, nomis.EditsConsumer,
		migration.Consumer, reconcile.Consumer, signer.Consumer,
	}
}

// queryTimeout bounds each question of a refresh. A store that hangs then spoils neither
// the answer about another one nor the whole scrape, which Prometheus gives up after 10
// s.
const queryTimeout = time.Second

// readRows reads what the consumers of all processes have written.
func (h *consumerHealth) readRows(ctx context.Context) (map[string]status.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return status.ReadAll(ctx, h.rows)
}

// refresh returns the current status of each consumer by name. Parts that cannot be read
// within their time are missing from the answer.
func (h *consumerHealth) refresh(ctx context.Context) map[string]shape.Consumer {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows, err := h.readRows(ctx)
	if err != nil {
		h.process.Logger.WarnContext(ctx, "the consumers' status cannot be read", "kind", status.KindOf(err))
	}
	head := h.readHead(ctx)
	all := make(map[string]shape.Consumer, len(h.watched))
	for _, w := range h.watched {
		row, there := rows[w.name]
		all[w.name] = h.statusOf(ctx, w, row, there, head)
	}
	if err == nil {
		h.showBrake(ctx, all)
	}
	return all
}

// readHead returns the public position of the last own event, nil when the log does not
// answer. It continues at the head that it found last, so that an idle log costs one
// read.
func (h *consumerHealth) readHead(ctx context.Context) *uint64 {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	found, err := eventstore.FindHead(ctx, h.process.log, domain.StreamPrefixes(), h.head)
	if err != nil {
		// The log may have been restored to an older state, before the head known so far.
		h.head = eventstore.Head{}
		return nil
	}
	h.head = found
	position := found.Own.Uint64()
	return &position
}

// statusOf combines the sources for one consumer. UP needs a recent heartbeat, no fault,
// a lag below the limit and, where this process shows the results, that it does show
// them. A consumer without a row was never there and is DOWN.
func (h *consumerHealth) statusOf(ctx context.Context, w watchedConsumer, row status.Status, there bool, head *uint64) shape.Consumer {
	one, age := shape.Consumer{Position: row.Position}, row.Age
	if there {
		one.Heartbeat, one.Fault = &row.Heartbeat, shownFault(row.Fault)
	}
	if w.own != nil {
		age = h.overlay(w, &one, age)
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
		one.Lag = h.lag(ctx, one.Position, head)
	}
	behind := one.Lag != nil && *one.Lag > h.limits.Lag.Seconds()
	one.SetUp(shown && one.Heartbeat != nil && age <= h.limits.Heartbeat && one.Fault == nil && !behind)
	return one
}

// overlay replaces what this process knows better than the row: the row is up to a
// second old and keeps no fault that passes by itself. It returns the age of the
// heartbeat. The start of such a fault is remembered here, so that it does not move with
// each refresh.
func (h *consumerHealth) overlay(w watchedConsumer, one *shape.Consumer, age time.Duration) time.Duration {
	now := w.own()
	if !now.Heartbeat.IsZero() {
		one.Heartbeat, age = &now.Heartbeat, h.process.Clock().Sub(now.Heartbeat)
	}
	if now.Failure == nil {
		delete(h.away, w.name)
		return age
	}
	if one.Fault != nil {
		return age
	}
	fault := consumer.FaultOf(now.Failure)
	was, known := h.away[w.name]
	if !known || was.Category != string(fault.Category) {
		fault.Since = h.process.Clock()
		was = *shownFault(&fault)
		h.away[w.name] = was
	}
	one.Fault = &was
	return age
}

// shownFault returns a fault as the API shows it. It omits the text of the error, which
// may name a stream and with it two prisoners.
func shownFault(f *status.Fault) *shape.ConsumerFault {
	if f == nil {
		return nil
	}
	shown := &shape.ConsumerFault{Category: string(f.Category), Since: f.Since}
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

// lag returns the age in seconds of the oldest own event after position, 0 when there is
// none. It is nil when a position or the log is missing: no number is better than a
// wrong one.
func (h *consumerHealth) lag(ctx context.Context, position, head *uint64) *float64 {
	if position == nil || head == nil {
		return nil
	}
	none := 0.0
	if *position >= *head {
		return &none
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	recorded, err := consumer.OldestAfter(ctx, h.process.log, domain.StreamPrefixes(), eventstore.Position{Commit: *position, Prepare: *position})
	switch {
	case err != nil:
		return nil
	case recorded.IsZero():
		return &none
	}
	seconds := max(0, h.process.Clock().Sub(recorded).Seconds())
	return &seconds
}
