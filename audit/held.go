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

// Held is what the log says that NOMIS holds of one record: its mapping and its base.
type Held struct {
	NonAssociationID uuid.UUID
	// TypeSequence is 0 when the log does not know it: NOMIS told the record without, a
	// merge brought it, or another record has taken its sequence.
	TypeSequence int
	// Values are those of the fields that are known. A nil value is none.
	Values map[domain.DetailField]*string
}

// HeldByNOMIS returns what NOMIS held of each of the pairs, as the log knew it at a time:
// only facts that were recorded until then count, and of each pair those before the first
// later one. The zero time means all facts. A deleted record counts until the log knows
// that its sequence was released. Within a pair the order is that of the sequences, and
// those without come last. It keeps the pairs in memory, so a caller gives few at once.
// Errors: those of the log, and eventstore.ErrNotWhole.
func (r *Reader) HeldByNOMIS(ctx context.Context, pairs []domain.Pair, at time.Time) ([][]Held, error) {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.Stream()
	}
	all := make([][]Held, len(pairs))
	for i, stream := range r.log.ReadMany(ctx, names) {
		if stream.Err != nil {
			return nil, fmt.Errorf("read the facts of %s: %w", names[i], stream.Err)
		}
		mapping := mappingFold{}
		if err := r.walk(ctx, names[i], knownAt(stream.Events, at), mapping.add); err != nil {
			return nil, err
		}
		all[i] = mapping.held()
	}
	return all, nil
}

// knownAt returns the events before the first one that was recorded after a time. A store
// whose clock stepped back has later ones that seem older; without the one between they
// would fold to a state that never was.
func knownAt(events []eventstore.RecordedEvent, at time.Time) []eventstore.RecordedEvent {
	later := slices.IndexFunc(events, func(e eventstore.RecordedEvent) bool { return !at.IsZero() && e.RecordedAt.After(at) })
	if later < 0 {
		return events
	}
	return events[:later]
}

// mappingFold folds where the records of one pair stand with NOMIS.
type mappingFold struct {
	facts     *eventstore.Folding
	standings domain.Standings
}

// add implements visitor.
func (m *mappingFold) add(facts *eventstore.Folding, f recordedFact) error {
	id := f.Event.About()
	index := facts.Index(id)
	before := found(facts, id)
	if err := facts.Add(f); err != nil {
		return err
	}
	m.facts = facts
	m.standings.Add(f.Fact, domain.Recorded{Revision: f.Revision, At: f.RecordedAt}, index, before, found(facts, id))
	return nil
}

func found(facts *eventstore.Folding, id uuid.UUID) *domain.NonAssociation {
	if n, is := facts.Find(id); is {
		return &n
	}
	return nil
}

// held returns what NOMIS holds after the facts so far.
func (m *mappingFold) held() []Held {
	var all []Held
	for i, s := range m.standings {
		values := baseOf(s, m.facts.At(i), m.facts.State().Pair)
		if s.Mapped != 0 || len(values) > 0 && !s.Gone {
			all = append(all, Held{NonAssociationID: s.ID, TypeSequence: s.Mapped, Values: values})
		}
	}
	slices.SortStableFunc(all, func(a, b Held) int { return compareSequences(a.TypeSequence, b.TypeSequence) })
	return all
}

// baseOf returns the values that NOMIS is known to have held last of a record.
func baseOf(s domain.Standing, n domain.NonAssociation, pair domain.Pair) map[domain.DetailField]*string {
	if s.Same {
		return valuesOf(n, pair)
	}
	return s.Base
}

// valuesOf returns every value of a record in canonical form.
func valuesOf(n domain.NonAssociation, pair domain.Pair) map[domain.DetailField]*string {
	detail, _ := n.Detail()
	values := map[domain.DetailField]*string{}
	for _, f := range domain.DetailFields(pair) {
		values[f] = detail.Get(f)
	}
	return values
}
