package app

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// TopicStatus is how far a topic has been told.
type TopicStatus struct {
	Topic    message.Topic
	Begun    bool // else nobody has ever published to it
	Position uint64
	publisher.Backlog
	// Parked counts by state.
	Parked map[store.State]int
}

// PublishStatus is how far each topic has been told, whoever publishes.
func PublishStatus(ctx context.Context, o Options) (told []TopicStatus, err error) {
	if err := allGranted(ctx, o.Config.needsOf(grantsOfLog, grantsOfPublishStatus)); err != nil {
		return nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, flush(log)) }()
	overview, err := store.Inspect(ctx, o.Config.DatabaseURL, string(message.Domain), string(message.History))
	if err != nil {
		return nil, err
	}
	for _, b := range overview.Checkpoints {
		t := TopicStatus{Topic: message.Topic(b.Topic), Begun: b.Store != uuid.Nil, Position: b.At.Uint64(), Parked: map[store.State]int{}}
		if t.Begun {
			if t.Backlog, err = publisher.ReadBacklog(ctx, log, b.At, o.Clock()); err != nil {
				return told, err
			}
		}
		for _, p := range overview.Parked {
			if p.Topic == b.Topic {
				t.Parked[p.State]++
			}
		}
		told = append(told, t)
	}
	return told, nil
}

// Parked is every message that is parked, and those that were skipped.
func Parked(ctx context.Context, o Options) ([]store.Parked, error) {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfPublishStatus)); err != nil {
		return nil, err
	}
	overview, err := store.Inspect(ctx, o.Config.DatabaseURL)
	return overview.Parked, err
}

// RetryParked lets a refused or failing message be sent again at once.
func RetryParked(ctx context.Context, o Options, topic string, event uuid.UUID) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfParkedOps)); err != nil {
		return err
	}
	return store.RequestRetry(ctx, o.Config.DatabaseURL, topic, event)
}

// SkipParked decides that a fact is never told on a topic.
func SkipParked(ctx context.Context, o Options, topic string, event uuid.UUID, reason string) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfParkedOps)); err != nil {
		return err
	}
	return store.RequestSkip(ctx, o.Config.DatabaseURL, topic, event, reason, o.Clock())
}
