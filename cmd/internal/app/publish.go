package app

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"nonassociations/publisher"
	"nonassociations/publisher/message"
)

// publishFaults collects what is missing or wrong in the variables of a publisher.
// A serving process checks PUBLIC_URL itself.
func (c Config) publishFaults(f *faults, roles Roles) {
	if c.SNSTopicARN == "" {
		f.add(`required environment variable "SNS_TOPIC_ARN" is not set`)
	}
	if c.SNSTopicARN != "" && c.SNSTopicARN == c.HistoryTopicARN {
		f.add("HISTORY_TOPIC_ARN must be another topic than SNS_TOPIC_ARN")
	}
	if !roles.Serve && c.Edge.PublicURL == "" {
		f.add(`required environment variable "PUBLIC_URL" is not set`)
	}
	if !roles.Serve {
		f.scheme("PUBLIC_URL", c.Edge.PublicURL, webSchemes)
	}
}

// mapper returns the mapping of facts to messages, as configured. The clock's
// location is London's: times in messages are London's wall-clock time.
func (o Options) mapper() message.Mapper {
	return message.Mapper{PublicURL: o.Config.Edge.PublicURL, London: o.Clock().Location(), Clock: o.Clock}
}

// publishers returns one publisher for each configured topic: that of domain
// events, and that of the history if HISTORY_TOPIC_ARN is set. Nothing is connected
// yet. An error names the variable whose ARN cannot be read.
func (p *process) publishers(ctx context.Context) ([]*publisher.Publisher, error) {
	var all []*publisher.Publisher
	for _, t := range []struct {
		topic    message.Topic
		variable string
		arn      string
	}{
		{message.Domain, "SNS_TOPIC_ARN", p.Config.SNSTopicARN},
		{message.History, "HISTORY_TOPIC_ARN", p.Config.HistoryTopicARN},
	} {
		if t.arn == "" {
			continue
		}
		destination, err := publisher.Open(ctx, t.arn)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.variable, err)
		}
		all = append(all, publisher.New(publisher.Options{
			Topic: t.topic, Client: destination, Mapper: p.mapper(), Store: p.log, DSN: p.Config.DatabaseURL,
			Clock: p.Clock, Logger: p.Logger, Build: Version(),
		}))
	}
	return all, nil
}

// publish publishes until ctx ends. In a serving process it begins when the log has
// its id, which that process may have to write first. A publisher ends by itself
// only when its checkpoint is of another log; the error then ends the process,
// because a restart cannot help and an operator must decide.
func (p *process) publish(ctx, below context.Context) error {
	all, err := p.publishers(below)
	if err != nil {
		return err
	}
	p.topics.Store(&all)
	for _, one := range all {
		p.consumers.watch(watchedConsumer{name: publisher.ConsumerOf(one.Topic()), hasPosition: true, own: one.Consuming})
	}
	group, ctx := errgroup.WithContext(ctx)
	if p.Roles.answers() {
		if err := p.awaitLog(ctx); err != nil {
			return unlessCancelled(ctx, func(context.Context) error { return err })
		}
	}
	for _, one := range all {
		group.Go(func() error {
			if err := one.Run(ctx); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}

// errNoTopic means that a replay has no destination.
var errNoTopic = errors.New("--topic must name the ARN of a topic; --dry-run needs none")

// Replay publishes a stretch of the log to a topic that the operator names, for a
// consumer that has lost messages. It moves no checkpoint and does not disturb a
// running publisher. See publisher.Replay.
func Replay(ctx context.Context, o Options, replay publisher.Replay, topic string) (replayed publisher.Replayed, err error) {
	if topic == "" && !replay.DryRun {
		return publisher.Replayed{}, errNoTopic
	}
	if o.Config.Edge.PublicURL == "" {
		return publisher.Replayed{}, errors.New(`required environment variable "PUBLIC_URL" is not set: messages name it`)
	}
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, nil)); err != nil {
		return publisher.Replayed{}, err
	}
	if !replay.DryRun {
		if replay.Client, err = publisher.Open(ctx, topic); err != nil {
			return publisher.Replayed{}, fmt.Errorf("--topic: %w", err)
		}
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return publisher.Replayed{}, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	replay.Store, replay.Mapper, replay.Clock, replay.Logger = log, o.mapper(), o.Clock, o.Logger
	return replay.Run(ctx)
}
