package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

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

	pair       domain.Pair // zero when the fact is of a prisoner number
	eventType  string
	revision   uint64
	position   eventstore.Position
	recordedAt time.Time
}

func (r *Reader) decode(recorded eventstore.Recorded) (placed, error) {
	pair, err := pairOf(recorded.Stream)
	if err != nil {
		return placed{}, err
	}
	fact, err := eventstore.Decode(r.catalogue, recorded)
	if err != nil {
		return placed{}, err
	}
	fact.Meta.Command = nil // stays inside, and is large
	return placed{fact, pair, recorded.Type, recorded.Revision, recorded.Position, recorded.RecordedAt}, nil
}

// pairOf is the pair whose stream it is; the zero Pair when it is a prisoner
// number's.
func pairOf(stream string) (domain.Pair, error) {
	if _, err := domain.ParsePrisonerStream(stream); err == nil {
		return domain.Pair{}, nil
	}
	return domain.ParseStream(stream)
}

// numbers are the two that the fact is about, in sorted order.
func (f placed) numbers() []domain.PrisonerNumber {
	numbers := f.pair.Numbers()
	switch e := f.Event.(type) {
	case domain.PrisonerMerged:
		numbers = [2]domain.PrisonerNumber{e.Previous, e.Number}
	case domain.PrisonerUnmerged:
		numbers = [2]domain.PrisonerNumber{e.Previous, e.Number}
	default:
	}
	slices.Sort(numbers[:])
	return numbers[:]
}

// together is how many streams are in memory at once.
const together = 64

// each reads streams whole and hands over each fact, a stream at a time, with
// the state before it. A renumbering that concerns the reader leads on to the
// other stream that it names: nobody else need know where a record has been.
func (r *Reader) each(
	ctx context.Context, streams []string, concerns func(placed) bool, visit func(before domain.State, f placed) domain.State,
) error {
	queue := slices.Compact(slices.Sorted(slices.Values(streams)))
	for read := 0; read < len(queue); {
		batch := queue[read:min(read+together, len(queue))]
		for i, stream := range r.log.ReadMany(ctx, batch) {
			if stream.Err != nil {
				return fmt.Errorf("read the facts of %s: %w", batch[i], stream.Err)
			}
			err := r.walk(batch[i], stream.Events, func(before domain.State, f placed) domain.State {
				if concerns(f) {
					queue = including(queue, otherStreams(f.Event)...)
				}
				return visit(before, f)
			})
			if err != nil {
				return err
			}
		}
		read += len(batch)
	}
	return nil
}

// otherStreams are those that a move names.
func otherStreams(event domain.Event) []string {
	switch e := event.(type) {
	case domain.TransferredIn:
		return []string{e.From.Stream(), e.To.Stream()}
	case domain.TransferredOut:
		return []string{e.From.Stream(), e.To.Stream()}
	default:
		return nil
	}
}

func including(all []string, more ...string) []string {
	for _, name := range more {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// ofPrisoner are the streams among those given that can say something of the
// prisoner: those of pairs with the number, and those of numbers.
func ofPrisoner(streams []string, number domain.PrisonerNumber) ([]string, error) {
	var theirs []string
	for _, stream := range streams {
		pair, err := pairOf(stream)
		if err != nil {
			return nil, err
		}
		if pair == (domain.Pair{}) || pair.Has(number) {
			theirs = append(theirs, stream)
		}
	}
	return theirs, nil
}

// concerningPrisoner follows what was ever recorded of the prisoner, also to
// where it stands or stood under another number.
func concerningPrisoner(number domain.PrisonerNumber) func(placed) bool {
	theirs := map[uuid.UUID]bool{}
	return func(f placed) bool {
		here, id := slices.Contains(f.numbers(), number), f.Event.Concerns()
		if id == uuid.Nil {
			return here
		}
		theirs[id] = theirs[id] || here
		return theirs[id]
	}
}

func (r *Reader) walk(stream string, events []eventstore.Recorded, visit func(domain.State, placed) domain.State) error {
	pair, err := pairOf(stream)
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
