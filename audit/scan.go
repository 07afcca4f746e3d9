package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Scan answers questions about the past from readings of the whole log alone: no read
// model and no index of streams is asked. One goroutine owns it.
type Scan struct {
	reader   *Reader
	progress func(facts int, at eventstore.Position)
	found    map[string][]eventstore.RecordedEvent // by the streams that are wanted
	end      eventstore.Position                   // of the first reading; later ones stop there
	facts    int                                   // of ours, up to the end
}

// NewScan returns a scan of a log, which reads nothing yet. progress, if set, is called
// after each thousand facts of a reading.
func NewScan(log eventstore.Store, options Options, progress func(facts int, at eventstore.Position)) *Scan {
	s := &Scan{reader: New(log, options), progress: progress}
	s.reader.many = s.readMany
	return s
}

// Prisoner answers as [Reader.AsOfPrisoner], with the position of the newest fact of ours
// that was read. A prisoner with a merged number needs a second reading of the log.
func (s *Scan) Prisoner(ctx context.Context, number domain.PrisonerNumber, at Moments) ([]RecordAsOf, eventstore.Position, error) {
	return s.answer(ctx, ofNumber(number), at)
}

// Pair answers as [Reader.AsOfPair].
func (s *Scan) Pair(ctx context.Context, pair domain.Pair, at Moments) ([]RecordAsOf, eventstore.Position, error) {
	return s.answer(ctx, ofPair(pair), at)
}

func (s *Scan) answer(ctx context.Context, asked func(domain.Pair) bool, at Moments) ([]RecordAsOf, eventstore.Position, error) {
	s.found, s.end = map[string][]eventstore.RecordedEvent{}, eventstore.End
	err := s.read(ctx, func(stream string) bool {
		pair, err := eventstore.PairOf(stream)
		return err == nil && pair != domain.Pair{} && asked(pair)
	})
	if err != nil {
		return nil, eventstore.Start, err
	}
	var streams []string
	for stream := range s.found {
		streams = append(streams, stream)
	}
	records, err := s.reader.asOf(ctx, streams, asked, at)
	return records, s.end, err
}

// readMany gives the streams from what was scanned. Those that only a transfer names are
// found by another reading, up to the same place.
func (s *Scan) readMany(ctx context.Context, streams []string) []eventstore.Stream {
	all := make([]eventstore.Stream, len(streams))
	unknown := slices.DeleteFunc(slices.Clone(streams), func(name string) bool {
		_, known := s.found[name]
		return known
	})
	if len(unknown) > 0 {
		for _, name := range unknown {
			s.found[name] = nil
		}
		if err := s.read(ctx, func(stream string) bool { return slices.Contains(unknown, stream) }); err != nil {
			return slices.Repeat([]eventstore.Stream{{Err: err}}, len(streams))
		}
	}
	for i, name := range streams {
		all[i].Events = s.found[name]
	}
	return all
}

// read reads the log to the end of the first reading, and keeps the events of the streams
// that are wanted.
func (s *Scan) read(ctx context.Context, wanted func(stream string) bool) error {
	last, facts := eventstore.Start, 0
	err := s.reader.log.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		if m.Kind == eventstore.CaughtUp || m.Kind == eventstore.EventAppeared && s.end.Before(m.Event.Position) {
			return errDone
		}
		if m.Kind != eventstore.EventAppeared {
			return nil
		}
		if wanted(m.Event.Stream) {
			s.found[m.Event.Stream] = append(s.found[m.Event.Stream], m.Event)
		}
		last = m.Event.Position
		if facts++; s.progress != nil && facts%1000 == 0 {
			s.progress(facts, last)
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		// A subscription never ends without an error.
		return fmt.Errorf("read the log: %w", cmp.Or(err, eventstore.ErrUnavailable))
	}
	if s.end == eventstore.End {
		s.end, s.facts = last, facts
	}
	return nil
}

// Facts returns how many facts of ours the answer was looked for among.
func (s *Scan) Facts() int { return s.facts }
