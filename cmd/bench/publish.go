package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/localaws"
	"nonassociations/publisher/store"
)

const (
	// backlog is how many facts a publisher sends in one round. It is a round of some
	// seconds, so that the ramp-up which is not counted stays small.
	backlog = 40_000
	// perBatch is the limit of SNS for one PublishBatch.
	perBatch = 10
	// loops is how many loops the baseline runs at once. It is the publisher's own
	// limit of calls in flight; another number would compare two different loads.
	loops = 16
)

// snsSink is a topic in this process that counts the messages it gets. It accepts every
// entry and delivers nothing, unless a queue is subscribed. received counts entries
// before the response, so the last one may still be under way to the sender.
type snsSink struct {
	*localaws.Server

	arn      string
	received atomic.Int64
}

// region is where the stand-in for AWS says that it is.
const region = "eu-west-2"

// newSNSSink starts a stand-in for SNS in this process with one topic. It ends with the
// run.
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

// measurePublish lets a publisher send a whole log. The baseline sends as many
// ready-made messages with the same client. A single bare loop is measured as well and
// only noted: it shows how much of the rate is due to calls in parallel.
func measurePublish(ctx context.Context, s *harness) (row, error) {
	sink, err := s.newSNSSink(ctx)
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
		ours, err := s.publishAll(ctx, sink, where, count)
		if err != nil {
			return row{}, err
		}
		theirs, err := s.sendAll(ctx, sink, count, loops)
		if err != nil {
			return row{}, err
		}
		one, err := s.sendAll(ctx, sink, count, 1)
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
// be started. Starting the service once makes its tables and gives the log its id,
// without which a publisher refuses to start.
func (s *harness) storedFacts(ctx context.Context, name string) (installation, error) {
	dsn, err := s.newDatabase(ctx)
	if err != nil {
		return installation{}, err
	}
	where := installation{name, dsn, dsn}
	// serve creates the log's id.
	return where, s.serve(ctx, where)
}

// storeFacts writes count facts, one for each new pair, through the command handler and
// not through the API: this is preparation, and 100 pairs a call take the least time.
// No pair is repeated, so no message waits for an earlier one of its pair.
func (s *harness) storeFacts(ctx context.Context, dsn string, count int) error {
	return storePairs(ctx, dsn, count, s.newPair)
}

// storePairs is storeFacts for the pairs that next returns, each another one.
func storePairs(ctx context.Context, dsn string, count int, next func() (one, other string)) error {
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
			one, other := next()
			sync, err := requestOf(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
			if err != nil {
				return err
			}
			syncs = append(syncs, sync)
		}
		id := uuid.New()
		if _, err := handler.Sync(ctx, domain.Cause{CommandID: id, Actor: user, Source: domain.NOMIS, About: syncs[0].Sync.About}, syncs); err != nil {
			return err
		}
	}
	return nil
}

// requestOf returns the sync command for one new pair. Errors: the numbers are no pair.
func requestOf(one, other domain.PrisonerNumber) (commands.PairSync, error) {
	pair, err := domain.NewPair(one, other)
	return commands.PairSync{Pair: pair, Sync: domain.Sync{About: one, Items: []domain.Item{{
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{one: domain.CodeVictim, other: domain.CodePerpetrator},
		TypeCode:    domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17", AuthorisedBy: new(authorisedBy), Comment: new(commentText), TypeSequence: 1,
	}}}}, err
}

// publisherRow returns the environment of a publisher with one topic. The metadata
// service of EC2 is disabled, because the client would wait for it.
func (s *harness) publisherRow(sink *snsSink, where installation) []string {
	return append(s.environment(where, ""), "SNS_TOPIC_ARN="+sink.arn, "HISTORY_TOPIC_ARN=", "PUBLIC_URL=https://non-associations.test",
		"AWS_ENDPOINT_URL_SNS="+sink.URL(), "AWS_EC2_METADATA_DISABLED=true")
}

// publishAll starts a publisher with an empty checkpoint and measures until the last
// message. The start of the process and the first tenth do not count. The first tenth
// is excluded because connections are opened and caches filled in it.
func (s *harness) publishAll(ctx context.Context, sink *snsSink, where installation, count int) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	if err := store.Reset(ctx, where.databaseURL); err != nil {
		return measurement{}, err
	}
	sink.received.Store(0)
	publisher, err := s.spawn("publisher", s.Binary, s.publisherRow(sink, where), "publish")
	if err != nil {
		return measurement{}, err
	}
	l, err := s.counted(ctx, sink, count)
	return l, errors.Join(err, publisher.stop())
}

// counted measures from the first tenth of the messages to the last. It fails after two
// minutes, when messages were lost or the publisher has ended.
func (s *harness) counted(ctx context.Context, sink *snsSink, count int) (measurement, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := sink.receives(ctx, count/10); err != nil {
		return measurement{}, err
	}
	first, began := int(sink.received.Load()), time.Now()
	if err := sink.receives(ctx, count); err != nil {
		return measurement{}, err
	}
	return measurement{count: count - first, seconds: time.Since(began).Seconds()}, nil
}

// receives waits until n messages have come since the last reset. It polls every
// millisecond, which is far below the length of a round.
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

// sendAll runs the baseline in a process of its own, as the publisher does. In this
// process it would share the scheduler and the garbage collector with the sink.
func (s *harness) sendAll(ctx context.Context, sink *snsSink, count, loops int) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	sink.received.Store(0)
	sending, err := s.spawn("sender", self(), []string{"AWS_ENDPOINT_URL_SNS=" + sink.URL(), "AWS_EC2_METADATA_DISABLED=true"},
		"sender", "--topic", sink.arn, "--count", strconv.Itoa(count), "--loops", strconv.Itoa(loops))
	if err != nil {
		return measurement{}, err
	}
	l, err := s.counted(ctx, sink, count)
	return l, errors.Join(err, <-sending.ended)
}
