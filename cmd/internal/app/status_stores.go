package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	"nonassociations/projections"
	"nonassociations/publisher/message"
	publisherstore "nonassociations/publisher/store"
	"nonassociations/web/shape"
)

// mostConnections is the share of the server's connections above which it is not well.
const mostConnections = 0.9

// postgres asks the server itself.
func (a *statusAsking) postgres(ctx context.Context) (of shape.PartStatus, err error) {
	var connections, most, bytes int64
	var recovering bool
	begun := time.Now()
	err = a.rows.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
		current_setting('max_connections')::bigint, pg_database_size(current_database()), pg_is_in_recovery()`).
		Scan(&connections, &most, &bytes, &recovering)
	of.Numbers = map[string]any{
		"connections": connections, "maxConnections": most, "bytes": bytes, "inRecovery": recovering, "milliseconds": time.Since(begun).Milliseconds(),
	}
	of.OK = !recovering && float64(connections) < mostConnections*float64(most)
	return of, err
}

// withStore opens the log for one question. It is closed behind the answer: a client whose
// server is away takes seconds to end.
func (a *statusAsking) withStore(ctx context.Context, ask func(eventstore.Store) error) error {
	if a.Log != nil {
		return ask(a.Log)
	}
	log, err := openLog(ctx, a.config, "", a.Logger)
	if err != nil {
		return err
	}
	defer func() { go func() { _ = closeLog(log) }() }()
	return ask(log)
}

// eventStore asks for the head of the log.
func (a *statusAsking) eventStore(ctx context.Context) (of shape.PartStatus, err error) {
	begun := time.Now()
	err = a.withStore(ctx, func(log eventstore.Store) error {
		head, err := eventstore.FindHead(ctx, log, domain.StreamPrefixes(), eventstore.Head{})
		of.Numbers = map[string]any{"head": head.Own.Uint64(), "milliseconds": time.Since(begun).Milliseconds()}
		return err
	})
	of.OK = err == nil
	return of, err
}

// readModel tells of the projector.
func (a *statusAsking) readModel(ctx context.Context) (shape.PartStatus, error) {
	of, there, err := a.consumer(ctx, projections.Consumer)
	if err == nil && !there {
		of = shape.PartStatus{Numbers: map[string]any{}} // it has never run, and nothing can be read
	}
	return of, err
}

// publisher tells of the topic of domain events and of both topics' parked messages.
func (a *statusAsking) publisher(ctx context.Context) (shape.PartStatus, error) {
	of, there, err := a.consumer(ctx, "publisher")
	if err != nil {
		return of, err
	}
	if !there {
		if a.config.SNSTopicARN == "" {
			return of, errNoPart
		}
		of.Numbers = map[string]any{}
	}
	found := map[publisherstore.State]int{}
	waiting, oldest := 0, (*time.Time)(nil)
	rows, err := a.rows.Query(ctx, `SELECT state, count(*), min(parked_at) FROM publisher.parked WHERE topic = ANY($1) GROUP BY state`,
		[]string{string(message.Domain), string(message.History)})
	if err != nil {
		return of, err
	}
	var (
		state publisherstore.State
		count int
		since time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&state, &count, &since}, func() error {
		found[state] = count
		if state != publisherstore.Skipped {
			waiting += count
			if oldest == nil || since.Before(*oldest) {
				at := since
				oldest = &at
			}
		}
		return nil
	})
	for state, count := range found {
		of.Numbers[string(state)] = count
	}
	of.Numbers["parked"] = waiting
	if waiting > 0 {
		of.OK, of.Runbook = false, new(runbookParked)
		if of.Since == nil {
			of.Since = oldest
		}
	}
	return of, err
}

// consumer tells of one consumer by its row. Without a fresh head of the log it goes by the
// head that the consumer read last.
func (a *statusAsking) consumer(ctx context.Context, name string) (of shape.PartStatus, there bool, err error) {
	all, err := status.ReadAll(ctx, a.rows)
	row, there := all[name]
	if err != nil || !there {
		return of, false, err
	}
	limits := HealthLimits{}.withDefaults()
	of.Numbers = map[string]any{"heartbeatSeconds": row.Age.Seconds(), "build": row.Build}
	head, lag := row.Head, time.Duration(0)
	if row.Position != nil {
		of.Numbers["position"] = *row.Position
		if at, behind, err := a.behind(ctx, *row.Position); err == nil {
			head, lag = &at, behind
		}
	}
	if head != nil {
		of.Numbers["head"], of.Numbers["lagSeconds"] = *head, lag.Seconds()
	}
	of.OK = row.Fault == nil && row.Age <= limits.Heartbeat && lag <= limits.Lag
	switch {
	case row.Fault != nil:
		of.Numbers["fault"], of.Since = string(row.Fault.Category), &row.Fault.Since
	case row.Age > limits.Heartbeat:
		of.Since = &row.Heartbeat
	case !of.OK:
		since := a.Clock().Add(-lag)
		of.Since = &since
	}
	return of, true, nil
}

// behind returns the head of the log, and how long a consumer at a position has been behind
// it.
func (a *statusAsking) behind(ctx context.Context, position uint64) (head uint64, lag time.Duration, err error) {
	if a.config.EventStoreURL == "" {
		return 0, 0, errNoPart
	}
	ctx, cancel := context.WithTimeout(ctx, a.PartTime/2) // the row is worth more than a fresh head
	defer cancel()
	err = a.withStore(ctx, func(log eventstore.Store) error {
		found, err := eventstore.FindHead(ctx, log, domain.StreamPrefixes(), eventstore.Head{})
		head = found.Own.Uint64()
		if err != nil || position >= head {
			return err
		}
		oldest, err := consumer.OldestAfter(ctx, log, domain.StreamPrefixes(), eventstore.Position{Commit: position, Prepare: position})
		if err == nil && !oldest.IsZero() {
			lag = max(0, a.Clock().Sub(oldest))
		}
		return err
	})
	return head, lag, err
}

// queueAddresses are the queues whose variables are set, by the ids that health has.
func (c Config) queueAddresses() map[string]string {
	all := map[string]string{"domainEvents": c.DomainEventsQueueURL, "nomisEvents": c.NOMISEventsQueueURL, "prisonerEvents": c.PrisonerEventsQueueURL}
	for id, address := range all {
		if address == "" {
			delete(all, id)
		}
	}
	return all
}

// queues asks each queue. One without a dead-letter queue is not well: see healthOfQueue.
func (a *statusAsking) queues(ctx context.Context) (shape.PartStatus, error) {
	of := shape.PartStatus{OK: true, Numbers: map[string]any{}}
	for id, address := range a.config.queueAddresses() {
		opened, err := nomis.OpenQueues(ctx, a.kept, address)
		if err != nil {
			return of, err
		}
		numbers, err := opened.Status(ctx, opened.Names()[0])
		if err != nil {
			return of, err
		}
		of.Numbers[id] = map[string]any{"messages": numbers.Messages, "inFlight": numbers.InFlight, "deadLetters": numbers.DeadLetters}
		of.OK = of.OK && numbers.DeadLetters == 0 && numbers.DeadLetterName != ""
	}
	return of, nil
}
