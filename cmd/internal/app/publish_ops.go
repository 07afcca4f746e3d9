package app

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// TopicStatus is how far a topic's publisher is.
type TopicStatus struct {
	Topic    message.Topic
	Begun    bool   // false: nothing has ever been published to it
	Position uint64 // of the checkpoint
	publisher.Backlog
	// Parked counts the parked messages by state.
	Parked map[store.State]int
}

// PublishStatus reads the checkpoint and the backlog of each topic, in whichever
// process its publisher runs. An error can come with the topics read so far.
func PublishStatus(ctx context.Context, o Options) (topics []TopicStatus, err error) {
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
				return topics, err
			}
		}
		for _, p := range overview.Parked {
			if p.Topic == b.Topic {
				t.Parked[p.State]++
			}
		}
		topics = append(topics, t)
	}
	return topics, nil
}

// Parked reads all parked and skipped messages, in the order of the log.
func Parked(ctx context.Context, o Options) ([]store.Parked, error) {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfPublishStatus)); err != nil {
		return nil, err
	}
	overview, err := store.Inspect(ctx, o.Config.DatabaseURL)
	return overview.Parked, err
}

// RetryParked requests that a refused or failing message is sent again at once.
// Errors: store.ErrNothing.
func RetryParked(ctx context.Context, o Options, topic string, event uuid.UUID) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfParkedOps)); err != nil {
		return err
	}
	return store.RequestRetry(ctx, o.Config.DatabaseURL, topic, event)
}

// SkipParked decides that a parked message is never sent to the topic. Errors:
// store.ErrNothing.
func SkipParked(ctx context.Context, o Options, topic string, event uuid.UUID, reason string) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfParkedOps)); err != nil {
		return err
	}
	return store.RequestSkip(ctx, o.Config.DatabaseURL, topic, event, reason, o.Clock())
}
