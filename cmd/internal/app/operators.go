package app

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/projections"
	"nonassociations/publisher"
	"nonassociations/publisher/store"
	"nonassociations/web/screens"
	"nonassociations/web/shape"
)

// operators makes what the pages of operators show and change. Errors: an address that
// cannot be read.
func (p *process) operators(below context.Context) (screens.Operators, error) {
	acts, err := evidence.Open(below, p.Config.DatabaseURL)
	if err != nil {
		return screens.Operators{}, err
	}
	p.closers = append(p.closers, infallible(acts.Close))
	o := screens.Operators{
		Status: p.statusNow, Projections: p.projected, Publisher: parkedMessages{p}, SwitchOver: gatedCommands{&p.gate, p.commands},
		Prisons: p.prisons, Acts: acts, RunbooksURL: p.Config.Screens.RunbooksURL,
	}
	if p.queues != nil {
		o.Queues = p.queues
	}
	if p.nomis.api != nil {
		o.Reconcile, o.Dossiers = p.repairs, p.dossiers
		o.Migrations = &migration.Runs{Store: p.kept, NOMIS: p.nomis.api.For(npa.Operator), Clock: p.Clock, Logger: p.Logger}
	}
	return o, nil
}

// statusNow asks every part how it is, with the log of this process.
func (p *process) statusNow(ctx context.Context) (shape.SystemStatus, error) {
	return StatusOptions{
		Environment: map[string]string{"AUDIT_QUEUE_URL": p.Config.Screens.AuditQueueURL}, Config: &p.Config, Log: p.log, Clock: p.Clock, Logger: p.Logger,
	}.Status(ctx)
}

// projected returns the rows of the consumers, and the generations of the read model.
func (p *process) projected(ctx context.Context) (screens.Projected, error) {
	rows, err := status.ReadAll(ctx, p.consumers.rows)
	if err != nil {
		return screens.Projected{}, err
	}
	var found screens.Projected
	asking, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	if head, err := p.head(asking); err == nil {
		found.Head = &head
	}
	for _, row := range rows {
		found.Consumers = append(found.Consumers, consumerRow(row))
	}
	all, err := projections.Generations(ctx, p.consumers.rows)
	if err != nil {
		return screens.Projected{}, err
	}
	for _, one := range all {
		position := one.At.Uint64()
		found.Generations = append(found.Generations, screens.Generation{
			Number: int(one.Number), Answers: one.Answers, Kept: one.Kept, Position: &position,
		})
	}
	return found, nil
}

// consumerRow returns a consumer as the pages show it.
func consumerRow(row status.Status) screens.Consumer {
	c := screens.Consumer{Name: row.Consumer, Build: row.Build, Position: row.Position, Heartbeat: row.Heartbeat, Age: row.Age}
	if f := row.Fault; f != nil {
		c.Fault = &screens.ConsumerFault{Category: string(f.Category), Type: f.Type, Position: f.Position, Since: f.Since, EventID: f.EventID}
	}
	return c
}

// parkedMessages are the parked messages as the commands of operators have them. It
// implements [screens.Publisher].
type parkedMessages struct{ *process }

// Parked implements [screens.Publisher].
func (p parkedMessages) Parked(ctx context.Context) ([]screens.ParkedMessage, error) {
	all, err := Parked(ctx, p.Options)
	if err != nil {
		return nil, err
	}
	shown := make([]screens.ParkedMessage, len(all))
	for i, m := range all {
		shown[i] = screens.ParkedMessage{
			Topic: m.Topic, EventID: m.EventID, Pairs: m.Pairs, Position: m.Position.Uint64(), State: string(m.State), Reason: m.Reason,
			Attempts: m.Attempts, Since: m.Since, Request: string(m.Request),
			Payload: func(ctx context.Context) (string, error) { return p.payload(ctx, m) },
		}
	}
	return shown, nil
}

// payload returns the body that would be sent, indented.
func (p parkedMessages) payload(ctx context.Context, m store.Parked) (string, error) {
	if p.Config.Edge.PublicURL == "" {
		return "", errors.New("PUBLIC_URL is not set: messages name it")
	}
	of, found, err := publisher.MessageOf(ctx, p.log, p.mapper(), m)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", errors.New("this build has no message for the fact")
	}
	body := jsontext.Value(of.Body)
	if err := body.Indent(); err != nil {
		return "", err
	}
	return string(body), nil
}

// Retry implements [screens.Publisher].
func (p parkedMessages) Retry(ctx context.Context, topic string, event uuid.UUID) error {
	return notParked(RetryParked(ctx, p.Options, topic, event))
}

// Skip implements [screens.Publisher].
func (p parkedMessages) Skip(ctx context.Context, topic string, event uuid.UUID, reason string) error {
	return notParked(SkipParked(ctx, p.Options, topic, event, reason))
}

// notParked gives the error of a message that is not parked the name by which the pages
// know it.
func notParked(err error) error {
	if errors.Is(err, store.ErrNothing) {
		return errors.Join(screens.ErrNotParked, err)
	}
	return err
}
