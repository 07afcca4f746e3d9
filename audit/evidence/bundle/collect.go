package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Collected are the facts that are about a prisoner.
type Collected struct {
	// Facts are in the order of the log.
	Facts []eventstore.RecordedEvent
	// Streams are those of the prisoner's own number, sorted.
	Streams []string
	// Others are the other numbers in the facts, sorted.
	Others []domain.PrisonerNumber
	// Position is that of the newest fact of ours in the log; 0 when there is none.
	Position uint64
	// Unreadable are facts that this build cannot decode. They are among Facts.
	Unreadable []uuid.UUID
}

// Collect reads the log from its beginning, and finds every fact about a prisoner that was
// recorded until knownAt: those of streams with the number, and of a record that a merge
// moved also those of its earlier and later streams. A fact that cannot be decoded is about
// the prisoner when its stream is. progress, if set, is told how many facts were read.
// Errors: those of the log.
func Collect(ctx context.Context, log eventstore.Store, number domain.PrisonerNumber, knownAt time.Time, progress func(facts int)) (Collected, error) {
	c := collecting{
		log: log, number: number, catalogue: domain.Events(), progress: progress,
		records: map[uuid.UUID]bool{}, kept: map[place]eventstore.RecordedEvent{}, read: map[string]bool{},
	}
	if err := c.scan(ctx, domain.StreamPrefixes(), c.own); err != nil {
		return Collected{}, err
	}
	// A merge may have brought a record from a stream that another merge had brought it to.
	for c.foundMore() {
		streams := c.wanted
		c.wanted = nil
		if err := c.scan(ctx, streams, c.elsewhere); err != nil {
			return Collected{}, err
		}
	}
	return c.collected(knownAt), nil
}

// collecting is the work of Collect.
type collecting struct {
	log       eventstore.Store
	number    domain.PrisonerNumber
	catalogue domain.Catalogue
	progress  func(facts int)
	seen      int

	records  map[uuid.UUID]bool // that were under the number at any time
	kept     map[place]eventstore.RecordedEvent
	read     map[string]bool // streams of which all facts were looked at
	wanted   []string        // streams of other numbers that transfers name
	bad      []uuid.UUID
	position uint64
}

// place tells facts apart. No store keeps event ids unique.
type place struct {
	stream   string
	revision uint64
}

var errCaughtUp = errors.New("caught up")

// progressEvery is how many facts are read between two calls of progress.
const progressEvery = 1000

// scan visits every fact of streams that begin with one of the prefixes.
func (c *collecting) scan(ctx context.Context, prefixes []string, visit func(eventstore.RecordedEvent)) error {
	err := c.log.Subscribe(ctx, eventstore.Start, prefixes, func(m eventstore.Message) error {
		switch m.Kind {
		case eventstore.CaughtUp:
			return errCaughtUp
		case eventstore.EventAppeared:
			visit(m.Event)
			if c.seen++; c.progress != nil && c.seen%progressEvery == 0 {
				c.progress(c.seen)
			}
		case eventstore.Checkpoint:
		}
		return nil
	})
	if errors.Is(err, errCaughtUp) {
		return nil
	}
	// A subscription never ends without an error.
	return fmt.Errorf("find the facts about a prisoner: %w", cmp.Or(err, eventstore.ErrUnavailable))
}

// own keeps the facts of the streams of the number, and of merges of the number.
func (c *collecting) own(recorded eventstore.RecordedEvent) {
	c.position = recorded.Position.Uint64()
	pair, err := eventstore.PairOf(recorded.Stream)
	if err == nil && pair.Has(c.number) || c.isMergeOfNumber(recorded) {
		c.keep(recorded)
	}
}

// isMergeOfNumber reports whether a fact is of a merge of the number with another. One that
// cannot be decoded is about the number of its stream.
func (c *collecting) isMergeOfNumber(recorded eventstore.RecordedEvent) bool {
	removed, err := domain.ParsePrisonerStream(recorded.Stream)
	if err != nil {
		return false
	}
	fact, err := eventstore.Decode(c.catalogue, recorded)
	if err != nil || removed == c.number {
		return removed == c.number
	}
	switch e := fact.Event.(type) {
	case domain.PrisonerMerged:
		return e.Number == c.number
	case domain.PrisonerUnmerged:
		return e.Number == c.number
	default:
		return false
	}
}

// elsewhere keeps the facts of the prisoner's records under other numbers.
func (c *collecting) elsewhere(recorded eventstore.RecordedEvent) {
	fact, err := eventstore.Decode(c.catalogue, recorded)
	if err == nil && c.records[fact.Event.About()] {
		c.keep(recorded)
	}
}

// keep adds a fact, its record and the streams that the record came from or went to.
func (c *collecting) keep(recorded eventstore.RecordedEvent) {
	c.read[recorded.Stream] = true
	at := place{recorded.Stream, recorded.Revision}
	if _, is := c.kept[at]; is {
		return
	}
	c.kept[at] = recorded
	fact, err := eventstore.Decode(c.catalogue, recorded)
	if err != nil {
		c.bad = append(c.bad, recorded.ID)
		return
	}
	if id := fact.Event.About(); id != uuid.Nil {
		c.records[id] = true
	}
	switch e := fact.Event.(type) {
	case domain.TransferredIn:
		c.wanted = append(c.wanted, e.From.Stream(), e.To.Stream())
	case domain.TransferredOut:
		c.wanted = append(c.wanted, e.From.Stream(), e.To.Stream())
	default:
	}
}

// foundMore keeps those of the wanted streams that were not read, and reports whether there
// are any.
func (c *collecting) foundMore() bool {
	slices.Sort(c.wanted)
	c.wanted = slices.DeleteFunc(slices.Compact(c.wanted), func(stream string) bool { return c.read[stream] })
	for _, stream := range c.wanted {
		c.read[stream] = true
	}
	return len(c.wanted) > 0
}

// collected returns what was recorded until knownAt, in the order of the log.
func (c *collecting) collected(knownAt time.Time) Collected {
	out := Collected{Position: c.position}
	for _, recorded := range c.kept {
		if recorded.RecordedAt.Truncate(time.Microsecond).After(knownAt) {
			continue
		}
		out.Facts = append(out.Facts, recorded)
		if slices.Contains(c.bad, recorded.ID) {
			out.Unreadable = append(out.Unreadable, recorded.ID)
		}
		if pair, err := eventstore.PairOf(recorded.Stream); err == nil && pair.Has(c.number) {
			out.Streams = append(out.Streams, recorded.Stream)
		}
		out.Others = append(out.Others, othersIn(recorded, c.number)...)
	}
	slices.SortFunc(out.Facts, func(a, b eventstore.RecordedEvent) int {
		return a.Position.Compare(b.Position)
	})
	slices.Sort(out.Streams)
	slices.Sort(out.Others)
	out.Streams, out.Others = slices.Compact(out.Streams), slices.Compact(out.Others)
	return out
}

// othersIn returns the numbers of others in the name of a fact's stream and in its data.
func othersIn(recorded eventstore.RecordedEvent, own domain.PrisonerNumber) []domain.PrisonerNumber {
	var all []domain.PrisonerNumber
	for _, text := range []string{recorded.Stream, string(recorded.Data)} {
		for _, found := range numberPattern.FindAllString(text, -1) {
			number, err := domain.ParsePrisonerNumber(found)
			if err == nil && number != own {
				all = append(all, number)
			}
		}
	}
	return all
}
