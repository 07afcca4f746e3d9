package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/statecache"
)

// Options of a reader.
type Options struct {
	London *time.Location
	// FeedMemory bounds the cache of folded pairs that all feeds share, in non-
	// associations; 0 means 16,384.
	FeedMemory int
}

// Reader reads the log. It is safe for concurrent use. Between two calls it caches only
// states of pairs at a fact, which never change.
type Reader struct {
	log       eventstore.Store
	many      func(ctx context.Context, streams []string) []eventstore.Stream // of log, but for a Scan
	reach     *eventstore.Reach
	states    *statecache.FactCache // of all feeds
	catalogue domain.Catalogue
	options   Options
}

// New returns a reader of a log.
func New(log eventstore.Store, options Options) *Reader {
	if options.FeedMemory == 0 {
		options.FeedMemory = 16384
	}
	return &Reader{
		log: log, many: log.ReadMany, reach: eventstore.NewReach(log), states: statecache.NewFactCache(log, options.FeedMemory),
		catalogue: domain.Events(), options: options,
	}
}

// recordedFact is a fact with its place in the log.
type recordedFact = eventstore.Fact

// read decodes an event. The stored command is dropped: it leaves by no answer, and
// is large.
func (r *Reader) read(recorded eventstore.RecordedEvent) (recordedFact, error) {
	fact, err := eventstore.Read(r.catalogue, recorded)
	fact.Meta.Command = nil // stays inside, and is large
	return fact, err
}

// numbersOf returns the two prisoner numbers of a fact, sorted. A fact of the
// switch-over has none; the list is never nil.
func numbersOf(f recordedFact) []domain.PrisonerNumber {
	if f.Stream == domain.SwitchOverStream {
		return []domain.PrisonerNumber{}
	}
	numbers := f.Pair.Numbers()
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

// together bounds how many streams are in memory at once.
const together = 64

// visitor is called with a fact and the fold of the facts before it. It must add the
// fact: no other code does.
type visitor func(facts *eventstore.Folding, f recordedFact) error

// each reads streams whole and visits each fact, a stream at a time. A transfer that
// concerns the question adds the other stream that it names, so that callers need not
// know where a record has been.
func (r *Reader) each(ctx context.Context, streams []string, concerns func(recordedFact) bool, visit visitor) error {
	queue := slices.Compact(slices.Sorted(slices.Values(streams)))
	for read := 0; read < len(queue); {
		batch := queue[read:min(read+together, len(queue))]
		for i, stream := range r.many(ctx, batch) {
			if stream.Err != nil {
				return fmt.Errorf("read the facts of %s: %w", batch[i], stream.Err)
			}
			err := r.walk(ctx, batch[i], stream.Events, func(facts *eventstore.Folding, f recordedFact) error {
				if concerns(f) {
					queue = including(queue, otherStreams(f.Event)...)
				}
				return visit(facts, f)
			})
			if err != nil {
				return err
			}
		}
		read += len(batch)
	}
	return nil
}

// otherStreams returns the streams that a transfer names.
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

// including appends the names that a list lacks.
func including(all []string, more ...string) []string {
	for _, name := range more {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// ofPrisoner keeps the streams that can concern a prisoner: those of pairs with one of
// the numbers, and those of prisoner numbers.
func ofPrisoner(streams []string, numbers ...domain.PrisonerNumber) ([]string, error) {
	var theirs []string
	for _, stream := range streams {
		pair, err := eventstore.PairOf(stream)
		if err != nil {
			return nil, err
		}
		if pair == (domain.Pair{}) || slices.ContainsFunc(numbers, pair.Has) {
			theirs = append(theirs, stream)
		}
	}
	return theirs, nil
}

// concerningPrisoner returns a test for facts that concern a prisoner, also facts of a
// record while it was under another number. It remembers ids, so it must see the facts
// in order.
func concerningPrisoner(numbers ...domain.PrisonerNumber) func(recordedFact) bool {
	theirs := map[uuid.UUID]bool{}
	return func(f recordedFact) bool {
		here := slices.ContainsFunc(numbersOf(f), func(n domain.PrisonerNumber) bool { return slices.Contains(numbers, n) })
		id := f.Event.About()
		if id == uuid.Nil {
			return here
		}
		theirs[id] = theirs[id] || here
		return theirs[id]
	}
}

// walk visits the facts of one stream from the first.
func (r *Reader) walk(ctx context.Context, stream string, events []eventstore.RecordedEvent, visit visitor) error {
	pair, err := eventstore.PairOf(stream)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return eventstore.CheckNew(ctx, r.log, stream)
	}
	folding := eventstore.NewFolding(pair)
	for _, recorded := range events {
		fact, err := r.read(recorded)
		if err != nil {
			return err
		}
		if err := visit(folding, fact); err != nil {
			return err
		}
	}
	return nil
}
