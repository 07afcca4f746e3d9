package audit

import (
	"context"
	"fmt"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Options of a reader.
type Options struct {
	London *time.Location
	// FeedMemory bounds what a feed remembers, in non-associations; 8192 when zero.
	FeedMemory int
}

// Reader reads the log. It is safe for concurrent use and holds nothing between
// two calls.
type Reader struct {
	log       eventstore.Store
	catalogue domain.Catalogue
	options   Options
}

// New makes a reader of a log.
func New(log eventstore.Store, options Options) *Reader {
	if options.FeedMemory == 0 {
		options.FeedMemory = 8192
	}
	return &Reader{log: log, catalogue: domain.Events(), options: options}
}

// placed is a fact with its place in the log.
type placed struct {
	domain.Fact

	pair       domain.Pair
	revision   uint64
	position   eventstore.Position
	recordedAt time.Time
}

func (r *Reader) decode(recorded eventstore.Recorded) (placed, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return placed{}, err
	}
	fact, err := eventstore.Decode(r.catalogue, recorded)
	if err != nil {
		return placed{}, err
	}
	fact.Meta.Command = nil // stays inside, and is large
	return placed{fact, pair, recorded.Revision, recorded.Position, recorded.RecordedAt}, nil
}

// together is how many streams are in memory at once.
const together = 64

// each reads streams whole and hands over each fact, a stream at a time, with
// the state before it.
func (r *Reader) each(ctx context.Context, streams []string, visit func(before domain.State, f placed) domain.State) error {
	for len(streams) > 0 {
		n := min(together, len(streams))
		for i, read := range r.log.ReadMany(ctx, streams[:n]) {
			if read.Err != nil {
				return fmt.Errorf("read the facts of %s: %w", streams[i], read.Err)
			}
			if err := r.walk(streams[i], read.Events, visit); err != nil {
				return err
			}
		}
		streams = streams[n:]
	}
	return nil
}

func (r *Reader) walk(stream string, events []eventstore.Recorded, visit func(domain.State, placed) domain.State) error {
	pair, err := domain.ParseStream(stream)
	if err != nil {
		return err
	}
	state := domain.State{Pair: pair}
	for i, recorded := range events {
		fact, err := r.inOrder(recorded, uint64(i))
		if err != nil {
			return err
		}
		state = visit(state, fact)
	}
	return nil
}

// inOrder decodes an event that must be the next one: a stream whose beginning
// is gone would tell another story.
func (r *Reader) inOrder(recorded eventstore.Recorded, revision uint64) (placed, error) {
	if recorded.Revision != revision {
		return placed{}, fmt.Errorf("%s goes on with revision %d where %d must be", recorded.Stream, recorded.Revision, revision)
	}
	return r.decode(recorded)
}
