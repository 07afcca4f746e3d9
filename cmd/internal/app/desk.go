package app

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"nonassociations/publisher"
	"nonassociations/publisher/store"
)

// Told is how far a topic has been told.
type Told struct {
	Topic    publisher.Topic
	Begun    bool // else nobody has ever published to it
	Position uint64
	publisher.Behind
	// Parked counts by state.
	Parked map[store.State]int
}

// PublishStatus is how far each topic has been told, whoever publishes.
func PublishStatus(ctx context.Context, o Options) (told []Told, err error) {
	if err := allGranted(ctx, o.Config.needsOf(grantsOfLog, grantsOfLookingAtTopics)); err != nil {
		return nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, flush(log)) }()
	overview, err := store.Look(ctx, o.Config.DatabaseURL, string(publisher.Domain), string(publisher.History))
	if err != nil {
		return nil, err
	}
	for _, b := range overview.Bookmarks {
		t := Told{Topic: publisher.Topic(b.Topic), Begun: b.Store != uuid.Nil, Position: b.At.Outside(), Parked: map[store.State]int{}}
		if t.Begun {
			if t.Behind, err = publisher.HowFarBehind(ctx, log, b.At, o.Clock()); err != nil {
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
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfLookingAtTopics)); err != nil {
		return nil, err
	}
	overview, err := store.Look(ctx, o.Config.DatabaseURL)
	return overview.Parked, err
}

// RetryParked lets a refused or failing message be sent again at once.
func RetryParked(ctx context.Context, o Options, topic string, event uuid.UUID) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfWishing)); err != nil {
		return err
	}
	return store.AskRetry(ctx, o.Config.DatabaseURL, topic, event)
}

// SkipParked decides that a fact is never told on a topic.
func SkipParked(ctx context.Context, o Options, topic string, event uuid.UUID, reason string) error {
	if err := allGranted(ctx, o.Config.needsOf(nil, grantsOfWishing)); err != nil {
		return err
	}
	return store.AskSkip(ctx, o.Config.DatabaseURL, topic, event, reason, o.Clock())
}
