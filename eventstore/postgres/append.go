package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"nonassociations/eventstore"
)

// Limits of one group: large enough to share a commit between many appends, small
// enough to stay far below the timeouts.
const (
	groupAppends = 128
	groupBytes   = 8 << 20
)

// appendSQL calls the function of the migration, which has the contract of its
// arguments and results.
const appendSQL = "SELECT head, currents, known, recorded FROM eventstore.append($1, $2, $3, $4, $5, $6, $7, $8, $9)"

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, append eventstore.Append) (eventstore.Appended, error) {
	outcome := s.AppendMany(ctx, []eventstore.Append{append})[0]
	return outcome.Appended, outcome.Err
}

// AppendMany implements eventstore.Store. Its appends join those of other callers in
// group commits.
func (s *Store) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	var sent []eventstore.Append
	var places []int // index of each sent append in outcomes
	for i, one := range appends {
		if err := one.Check(); err != nil {
			outcomes[i].Err = err
			continue
		}
		sent, places = append(sent, one), append(places, i)
	}
	// A call that fails as a whole gives all of its appends the same error.
	jobs, err := s.appends.do(ctx, sent)
	for i, place := range places {
		if err != nil {
			outcomes[place].Err = err
			continue
		}
		outcomes[place] = jobs[i].answer
		if jobs[i].err != nil {
			outcomes[place].Err = mapError(ctx, jobs[i].err)
		}
	}
	for i, a := range appends {
		if outcomes[i].Err != nil {
			outcomes[i] = eventstore.Outcome{Err: fmt.Errorf("append %s: %w", a.Stream, outcomes[i].Err)}
		}
	}
	return outcomes
}

// appendsFit limits a group, also to one append per stream: a second one must see the
// result of the first.
func appendsFit() func(eventstore.Append) bool {
	streams, bytes := map[string]bool{}, 0
	return func(append eventstore.Append) bool {
		size := 0
		for _, event := range append.Events {
			size += len(event.Data) + len(event.Metadata)
		}
		full := len(streams) == groupAppends || (bytes > 0 && bytes+size > groupBytes)
		if full || streams[append.Stream] {
			return false
		}
		streams[append.Stream] = true
		bytes += size
		return true
	}
}

// appendGroup writes a group in one commit. A conflict is the outcome of its append and
// does not fail the group. An error is that of the whole group.
func (s *Store) appendGroup(ctx context.Context, group []eventstore.Append) ([]eventstore.Outcome, error) {
	conn, err := s.writing.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoConnection, err)
	}
	defer conn.Release()

	var result answer
	p, announces := parametersOf(group), s.announcer.begins()
	err = conn.QueryRow(ctx, appendSQL, p.streams, p.expected, p.append, p.place, p.ids, p.types, p.data, p.metadata, announces).
		Scan(&result.head, &result.currents, &result.known, &result.recorded)
	if err != nil {
		// The outcome is unknown, so the end of the log is too. It may have been written.
		s.recent.forget()
		if !announces {
			s.announcer.wrote(math.MaxInt64)
		}
		return nil, err
	}
	if len(result.currents) != len(group) {
		return nil, errors.New("the append function returned results of another group")
	}
	outcomes, written := result.outcomes(group)
	s.recent.add(written)
	reached := uint64(result.head) + uint64(len(written)) //nolint:gosec // never negative
	s.head.reached(reached)
	if !announces && len(written) > 0 {
		s.announcer.wrote(reached)
	}
	return outcomes, nil
}

// parameters are the arguments of eventstore.append, one array each.
type parameters struct {
	streams        []string
	expected       []int64
	append, place  []int32
	ids            [][16]byte
	types          []string
	data, metadata [][]byte
}

// parametersOf lays the events of a group out in arrays. Appends and places count from 1.
func parametersOf(group []eventstore.Append) parameters {
	var p parameters
	for i, one := range group {
		p.streams = append(p.streams, one.Stream)
		p.expected = append(p.expected, int64(one.Expected))
		for j, event := range one.Events {
			p.append = append(p.append, int32(i+1))
			p.place = append(p.place, int32(j+1))
			p.ids = append(p.ids, event.ID)
			p.types = append(p.types, event.Type)
			p.data = append(p.data, present(event.Data))
			p.metadata = append(p.metadata, present(event.Metadata))
		}
	}
	return p
}

// present keeps an empty text from being stored as NULL.
func present(text []byte) []byte {
	if text == nil {
		return []byte{}
	}
	return text
}

// answer is the result row of eventstore.append.
type answer struct {
	// head is the last position before the group; its events follow in order.
	head int64
	// currents is the revision of each append's stream before the group, -1 for none.
	currents []int64
	// known has the position of each append that is a repeat, and is nil when no append
	// conflicts.
	known []*int64
	// recorded is the time of all events of the group.
	recorded time.Time
}

// outcomes returns the outcome of each append, and the events that were written.
func (a answer) outcomes(group []eventstore.Append) ([]eventstore.Outcome, []eventstore.RecordedEvent) {
	outcomes := make([]eventstore.Outcome, len(group))
	written := make([]eventstore.RecordedEvent, 0, len(group))
	for i, one := range group {
		expected, n := int64(one.Expected), int64(len(one.Events))
		switch {
		case a.currents[i] == expected:
			written = a.appendTo(written, one)
			outcomes[i].Appended = appendedAt(expected+n, a.head+int64(len(written)))
		case a.known != nil && a.known[i] != nil:
			outcomes[i].Appended = appendedAt(expected+n, *a.known[i])
		default:
			outcomes[i].Err = eventstore.ErrConflict
		}
	}
	return outcomes, written
}

// appendTo adds the events of an accepted append, as the log has recorded them.
func (a answer) appendTo(written []eventstore.RecordedEvent, one eventstore.Append) []eventstore.RecordedEvent {
	for i, event := range one.Events {
		event.Data, event.Metadata = present(event.Data), present(event.Metadata)
		written = append(written, eventstore.RecordedEvent{
			Event: event, Stream: one.Stream, Revision: uint64(int64(one.Expected) + 1 + int64(i)), //nolint:gosec // never negative
			Position: positionAt(a.head + int64(len(written)) + 1), RecordedAt: a.recorded.UTC(),
		})
	}
	return written
}

// appendedAt makes the result of an accepted append.
func appendedAt(revision, position int64) eventstore.Appended {
	return eventstore.Appended{Revision: uint64(revision), Position: positionAt(position)} //nolint:gosec // never negative
}

// positionAt converts a position of the table: commit and prepare are equal.
func positionAt(position int64) eventstore.Position {
	return eventstore.Position{Commit: uint64(position), Prepare: uint64(position)} //nolint:gosec // never negative
}
