package rehearsal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Stage is what a rehearsal is doing.
type Stage string

// The stages of a rehearsal.
const (
	Listing  Stage = "reading the log"        // counted in facts
	Deciding Stage = "deciding the log again" // counted in pairs
)

// Options of a rehearsal. Log and London must be set.
type Options struct {
	Log    eventstore.Store
	London *time.Location
	// Generation is the read model that answers; nil: states are not compared.
	Generation Generation
	// Decide decides for a pair; nil: as this build does.
	Decide Decide
	// Sample is how many pairs are read, with no stream of another kind; 0 is the whole
	// log. Seed chooses them: equal seeds choose the same pairs of the same log.
	Sample int
	Seed   uint64
	// Progress receives how much of a stage is done; of is 0 where that is not known. It
	// may be nil.
	Progress func(stage Stage, done, of int)
}

// batch is how many pairs are in memory at once.
const batch = 64

// Run rehearses. It reads the log twice: once to list the pairs, which costs memory of
// about 40 bytes each, and once by their streams. Errors are those of the log and of the
// read model; what was found until then is lost.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Decide == nil {
		o.Decide = domain.Decide
	}
	if o.Progress == nil {
		o.Progress = func(Stage, int, int) {}
	}
	r := run{Options: o, catalogue: domain.Events(), counts: map[domain.Pair]uint32{}, others: map[string][]eventstore.RecordedEvent{}}
	if o.Generation != nil {
		position, err := o.Generation.Position(ctx)
		if err != nil {
			return Report{}, err
		}
		r.applied, r.report.States = position, &States{}
	}
	if err := r.list(ctx); err != nil {
		return Report{}, fmt.Errorf("read the log: %w", err)
	}
	if err := r.pairs(ctx); err != nil {
		return Report{}, err
	}
	if err := r.otherStreams(ctx); err != nil {
		return Report{}, err
	}
	return r.report, r.locate(ctx)
}

// run is one rehearsal. One goroutine owns it.
type run struct {
	Options

	catalogue domain.Catalogue
	applied   uint64                                // the read model has every fact up to it
	counts    map[domain.Pair]uint32                // of facts up to applied
	others    map[string][]eventstore.RecordedEvent // by stream, of numbers and of the switch-over
	unplaced  bool                                  // an unreadable fact came without its position
	report    Report
}

// errDone ends a subscription at the end of the log.
var errDone = errors.New("the end of the log was reached")

// list reads the whole log once. It decodes nothing.
func (r *run) list(ctx context.Context) error {
	facts := 0
	err := r.Log.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		switch m.Kind {
		case eventstore.CaughtUp:
			return errDone
		case eventstore.EventAppeared:
			r.listed(m.Event)
			if facts++; facts%1000 == 0 {
				r.Progress(Listing, facts, 0)
			}
		case eventstore.Checkpoint:
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return cmp.Or(err, eventstore.ErrUnavailable) // a subscription never ends without an error
}

// listed notes one event.
func (r *run) listed(e eventstore.RecordedEvent) {
	r.report.Position = e.Position.Uint64()
	pair, err := eventstore.PairOf(e.Stream)
	switch {
	case err != nil:
		r.report.Facts++
		r.unreadable(e, "its stream is none of this build")
	case pair == domain.Pair{}:
		if r.Sample == 0 {
			r.others[e.Stream] = append(r.others[e.Stream], e)
		}
	default:
		count := r.counts[pair]
		if e.Position.Uint64() <= r.applied {
			count++
		}
		r.counts[pair] = count
	}
}

// chosen returns the pairs to read, in their order.
func (r *run) chosen() []domain.Pair {
	pairs := make([]domain.Pair, 0, len(r.counts))
	for pair := range r.counts {
		pairs = append(pairs, pair)
	}
	if r.Sample > 0 && r.Sample < len(pairs) {
		drawn := make(map[domain.Pair][sha256.Size]byte, len(pairs))
		for _, pair := range pairs {
			drawn[pair] = sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, r.Seed), pair.String()...))
		}
		slices.SortFunc(pairs, func(a, b domain.Pair) int {
			one, other := drawn[a], drawn[b]
			return bytes.Compare(one[:], other[:])
		})
		pairs = pairs[:r.Sample]
	}
	slices.SortFunc(pairs, func(a, b domain.Pair) int { return cmp.Compare(a.String(), b.String()) })
	return pairs
}

// pairs rehearses the streams of the pairs.
func (r *run) pairs(ctx context.Context) error {
	pairs, after := r.chosen(), ""
	for start := 0; start < len(pairs); start += batch {
		some := pairs[start:min(start+batch, len(pairs))]
		r.Progress(Deciding, start, len(pairs))
		last := some[len(some)-1].String()
		// The states are read first: the streams then hold all that a state is made of.
		stored, err := r.stored(ctx, some, after, last)
		if err != nil {
			return err
		}
		names := make([]string, len(some))
		for i, pair := range some {
			names[i] = pair.Stream()
		}
		for i, stream := range r.Log.ReadMany(ctx, names) {
			if stream.Err != nil {
				return fmt.Errorf("read the facts of %s: %w", names[i], stream.Err)
			}
			if err := r.pair(some[i], stream.Events, stored[some[i].String()]); err != nil {
				return err
			}
			delete(stored, some[i].String())
		}
		if err := r.onlyStored(ctx, stored); err != nil {
			return err
		}
		after = last
	}
	stored, err := r.stored(ctx, nil, after, "")
	if err != nil {
		return err
	}
	return r.onlyStored(ctx, stored)
}

// pair rehearses the stream of one pair.
func (r *run) pair(pair domain.Pair, events []eventstore.RecordedEvent, stored []byte) error {
	facts := r.readable(events)
	r.report.Decisions.ofPair(pair, facts, r.Decide, r.London)
	if r.report.States == nil || len(facts) < len(events) {
		return nil
	}
	return r.report.States.ofPair(pair, facts, int(r.counts[pair]), stored)
}

// readable decodes the facts of a stream up to the first that cannot be read. Those
// after it depend on it: they are only looked at, and decide nothing.
func (r *run) readable(events []eventstore.RecordedEvent) []eventstore.Fact {
	facts := make([]eventstore.Fact, 0, len(events))
	whole := true
	for i, e := range events {
		r.report.Facts++
		fact, err := eventstore.Read(r.catalogue, e)
		switch {
		case err != nil:
			r.unreadable(e, r.reason(e, err))
			whole = false
			r.report.Decisions.NotDecidable++
		case whole && e.Revision != uint64(i):
			r.unreadable(e, "facts of its stream are missing before it")
			whole = false
			r.report.Decisions.NotDecidable++
		case whole:
			facts = append(facts, fact)
		case len(fact.Meta.Command) > 0:
			r.report.Decisions.NotDecidable++
		}
	}
	return facts
}

// otherStreams rehearses the streams of prisoner numbers and of the switch-over.
func (r *run) otherStreams(ctx context.Context) error {
	names := make([]string, 0, len(r.others))
	for name := range r.others {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		facts := r.readable(r.others[name])
		if name == domain.SwitchOverStream {
			r.report.Decisions.ofSwitchOver(facts, r.London)
			continue
		}
		number, err := domain.ParsePrisonerStream(name)
		if err != nil {
			return err
		}
		r.report.Decisions.ofPrisoner(number, facts, r.London)
	}
	return nil
}

// unreadable adds a fact that cannot be read.
func (r *run) unreadable(e eventstore.RecordedEvent, reason string) {
	r.unplaced = r.unplaced || e.Position == eventstore.Start
	r.report.Unreadable = append(r.report.Unreadable, Unreadable{EventID: e.ID, Type: e.Type, Position: e.Position.Uint64(), Error: reason})
}

// reason says why an event cannot be read, without a value that is in it.
func (r *run) reason(e eventstore.RecordedEvent, err error) string {
	var unknown domain.ErrUnknownType
	if errors.As(err, &unknown) {
		return unknown.Error()
	}
	if _, err := r.catalogue.Decode(e.Type, e.Data); err != nil {
		return "its data is not of its type"
	}
	return "its metadata cannot be decoded"
}
