package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/localaws"
	"nonassociations/publisher/store"
)

const (
	// backlog is how many facts a publisher sends in one round.
	backlog = 40_000
	// perBatch is what SNS takes at once.
	perBatch = 10
	// loops of the baseline that run at once, as many as the publisher has calls
	// in flight.
	loops = 16
)

// snsSink is a topic in this process that counts the messages it gets.
type snsSink struct {
	*localaws.Server

	arn      string
	received atomic.Int64
}

func (s *harness) newSNSSink(ctx context.Context) (*snsSink, error) {
	o := &snsSink{}
	var err error
	o.Server, err = localaws.Start(ctx, localaws.Options{FailEntry: func(string, localaws.Entry) (string, bool) {
		o.received.Add(1)
		return "", false
	}})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, o.Stop)
	o.arn = o.Topic("world")
	return o, nil
}

// measurePublish lets a publisher send a whole log. The baseline sends as many ready-
// made messages with the same client.
func measurePublish(ctx context.Context, s *harness) (row, error) {
	world, err := s.newSNSSink(ctx)
	if err != nil {
		return row{}, err
	}
	where, err := s.storedFacts(ctx, "publish")
	if err != nil {
		return row{}, err
	}
	count := backlog
	if s.Quick {
		count /= 4
	}
	if err := s.storeFacts(ctx, where.databaseURL, count); err != nil {
		return row{}, err
	}
	var d comparison
	var alone []float64
	for i := range s.Rounds + 1 { // the first warms up
		ours, err := s.publishAll(ctx, world, where, count)
		if err != nil {
			return row{}, err
		}
		theirs, err := s.sendAll(ctx, world, count, loops)
		if err != nil {
			return row{}, err
		}
		one, err := s.sendAll(ctx, world, count, 1)
		if err != nil {
			return row{}, err
		}
		if i > 0 {
			d.measured, d.baseline = append(d.measured, ours), append(d.baseline, theirs)
			alone = append(alone, one.rate())
		}
	}
	measured, baseline, ratio := d.rates()
	return row{
		what: fmt.Sprintf("publish: a log of %d facts to SNS, from the first to the last", count), measured: rate(measured),
		beside:   fmt.Sprintf("PublishBatch of %d ready messages in %d bare loops, the same client", perBatch, loops),
		baseline: rate(baseline), ratio: ratio, goal: atLeast(ratio, 0.8), results: d.results(),
		note: fmt.Sprintf("publish: one bare loop alone makes %s, %.2f of which is the publisher", rate(median(alone)), measured/median(alone)),
	}, nil
}

// storedFacts returns an installation with a log of its own, for which a publisher can
// be started.
func (s *harness) storedFacts(ctx context.Context, name string) (installation, error) {
	dsn, err := s.newDatabase(ctx)
	if err != nil {
		return installation{}, err
	}
	where := installation{name, dsn, dsn}
	return where, s.serve(ctx, where) // it gives the log its id
}

// storeFacts writes that many facts by sync commands.
func (s *harness) storeFacts(ctx context.Context, dsn string, count int) error {
	log, err := postgres.Open(ctx, dsn, postgres.Options{})
	if err != nil {
		return err
	}
	defer log.Close(context.WithoutCancel(ctx))
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return err
	}
	handler := commands.New(log, commands.Options{Clock: func() time.Time { return time.Now().In(london) }, Logger: slog.New(slog.DiscardHandler)})
	for left := count; left > 0; left -= 100 {
		var syncs []commands.PairSync
		for range min(left, 100) {
			one, other := s.newPair()
			sync, err := requestOf(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
			if err != nil {
				return err
			}
			syncs = append(syncs, sync)
		}
		id := uuid.New()
		if _, err := handler.Sync(ctx, domain.Cause{CommandID: id, Actor: "BENCH", Source: domain.NOMIS, About: syncs[0].Sync.About}, syncs); err != nil {
			return err
		}
	}
	return nil
}

// requestOf is the sync command for one new pair.
func requestOf(one, other domain.PrisonerNumber) (commands.PairSync, error) {
	pair, err := domain.NewPair(one, other)
	by, text := "Blettugga Snokdle", "Threats made through the cell window after lock-up."
	return commands.PairSync{Pair: pair, Sync: domain.Sync{About: one, Items: []domain.Item{{
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{one: domain.CodeVictim, other: domain.CodePerpetrator},
		TypeCode:    domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17", AuthorisedBy: &by, Comment: &text, TypeSequence: 1,
	}}}}, err
}

// publisherRow is the environment of the publisher.
func (s *harness) publisherRow(world *snsSink, where installation) []string {
	return append(s.environment(where, ""), "SNS_TOPIC_ARN="+world.arn, "HISTORY_TOPIC_ARN=", "PUBLIC_URL=https://non-associations.test",
		"AWS_ENDPOINT_URL_SNS="+world.URL(), "AWS_EC2_METADATA_DISABLED=true")
}

// publishAll starts a publisher with an empty checkpoint and measures until the last
// message. The start of the process and the first tenth do not count.
func (s *harness) publishAll(ctx context.Context, world *snsSink, where installation, count int) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	if err := store.Reset(ctx, where.databaseURL); err != nil {
		return measurement{}, err
	}
	world.received.Store(0)
	telling, err := s.spawn("publisher", s.Binary, s.publisherRow(world, where), "publish")
	if err != nil {
		return measurement{}, err
	}
	l, err := s.counted(ctx, world, count)
	return l, errors.Join(err, telling.stop())
}

// counted measures from the first tenth of the messages to the last.
func (s *harness) counted(ctx context.Context, world *snsSink, count int) (measurement, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := world.receives(ctx, count/10); err != nil {
		return measurement{}, err
	}
	first, began := int(world.received.Load()), time.Now()
	if err := world.receives(ctx, count); err != nil {
		return measurement{}, err
	}
	return measurement{count: count - first, seconds: time.Since(began).Seconds()}, nil
}

// receives waits for n messages in all.
func (o *snsSink) receives(ctx context.Context, n int) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for int(o.received.Load()) < n {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages arrived: %w", o.received.Load(), n, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// sendAll runs the baseline in a process of its own.
func (s *harness) sendAll(ctx context.Context, world *snsSink, count, loops int) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	world.received.Store(0)
	sending, err := s.spawn("sender", self(), []string{"AWS_ENDPOINT_URL_SNS=" + world.URL(), "AWS_EC2_METADATA_DISABLED=true"},
		"sender", "--topic", world.arn, "--count", strconv.Itoa(count), "--loops", strconv.Itoa(loops))
	if err != nil {
		return measurement{}, err
	}
	l, err := s.counted(ctx, world, count)
	return l, errors.Join(err, <-sending.ended)
}

// senderCmd is the baseline of publish: loops that send messages of the usual size.
type senderCmd struct {
	Topic string
	Count int
	Loops int
}

// Run runs until the process is stopped.
func (c senderCmd) Run(ctx context.Context) error {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-west-2"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	if err != nil {
		return err
	}
	client := sns.NewFromConfig(loaded, func(o *sns.Options) { o.HTTPClient = manyConnections(c.Loops) })
	group, ctx := errgroup.WithContext(ctx)
	for i := range c.Loops {
		batches := c.Count / perBatch / c.Loops
		if i == 0 {
			batches = c.Count/perBatch - batches*(c.Loops-1)
		}
		input := &sns.PublishBatchInput{TopicArn: &c.Topic, PublishBatchRequestEntries: readyEntries()}
		group.Go(func() error {
			for range batches {
				if _, err := client.PublishBatch(ctx, input); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// readyEntries returns one batch of messages.
func readyEntries() []types.PublishBatchRequestEntry {
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	var entries []types.PublishBatchRequestEntry
	for i := range perBatch {
		entries = append(entries, types.PublishBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), Message: aws.String(readyBody),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"eventType": text("prisoner.non-associations.created"), "eventId": text(uuid.NewString()), "source": text("NOMIS"),
				"prisonerNumbers": {DataType: aws.String("String.Array"), StringValue: aws.String(`["A0135GA","A9109UD"]`)},
			},
		})
	}
	return entries
}

// readyBody is a domain event as the service sends it.
const readyBody = `{"eventType":"prisoner.non-associations.created","occurredAt":"2026-07-15T12:05:00","publishedAt":"2026-07-15T12:15:00.25+01:00",` +
	`"version":"1.0","description":"A non-association was opened","detailUrl":"https://non-associations.test/non-associations/902d4ad9-70db-5816-bfc4-b4bc15c0dde9",` +
	`"personReference":{"identifiers":[{"type":"NOMS","value":"A9109UD"},{"type":"NOMS","value":"A0135GA"}]},` +
	`"additionalInformation":{"prisonerNumber":"A9109UD","otherPrisonerNumber":"A0135GA","nonAssociationId":"902d4ad9-70db-5816-bfc4-b4bc15c0dde9",` +
	`"source":"NOMIS","change":"OPENED","eventId":"08f8f87a-80b4-5143-9c54-9f78c095e557","revision":0,"position":123456}}`
