package projections

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// InMemory is the read model of a part of the log, folded as the projector folds it and kept
// in memory. Nothing changes it, so that it may be read by several goroutines.
type InMemory struct{ rows rows }

// FoldInMemory folds the facts from the beginning of the log on, in its order. It needs
// memory for all of them. Errors: eventstore.ErrNotWhole for a stream that lacks a revision.
func FoldInMemory(facts []*eventstore.Fact, london *time.Location) (*InMemory, error) {
	m := &InMemory{rowsFor(facts, FirstGeneration, london)}
	return m, m.rows.fold(facts)
}

// Document returns the stored answer about a prisoner; nil when there is none.
func (m *InMemory) Document(number domain.PrisonerNumber) []byte {
	prisoner := m.rows.prisoners[number]
	if prisoner == nil {
		return nil
	}
	document, _ := render(nil, nil, number, prisoner.items)
	return document
}

// State returns the state of a pair; false for one without facts.
func (m *InMemory) State(pair domain.Pair) (domain.State, bool) {
	row := m.rows.pairs[pair]
	if row == nil {
		return domain.State{}, false
	}
	return row.state, true
}

// Pairs returns every pair that has facts, in no order.
func (m *InMemory) Pairs() []domain.Pair {
	all := make([]domain.Pair, 0, len(m.rows.pairs))
	for pair := range m.rows.pairs {
		all = append(all, pair)
	}
	return all
}

// RecordRow is a row by which a record is found, filtered and sorted: see the table
// non_association.
type RecordRow struct {
	ID                       uuid.UUID
	Pair                     domain.Pair
	First, Second            domain.PrisonerNumber
	WhenCreated, WhenUpdated string
	Expires                  string
	Deleted, Shortened       bool
	Sequence                 int       // 0: none
	Differs                  time.Time // zero: it does not
	Delivery                 domain.Delivery
}

// Records returns a row for each record that ever was, in no order.
func (m *InMemory) Records() []RecordRow {
	all := make([]RecordRow, 0, len(m.rows.opened))
	for id, r := range m.rows.opened {
		all = append(all, RecordRow{
			ID: id, Pair: r.pair, First: r.first, Second: r.second, WhenCreated: r.whenCreated, WhenUpdated: r.whenUpdated,
			Expires: r.expires, Deleted: r.deleted, Shortened: r.shortened, Sequence: r.sequence, Differs: r.differs, Delivery: r.delivery,
		})
	}
	return all
}

// MappingRow is a time in which NOMIS knew a record by a sequence: see the table mapping.
type MappingRow struct {
	ID          uuid.UUID
	Pair        domain.Pair
	Sequence    int
	Type        domain.MappingType
	Correlation uuid.UUID
	Since       time.Time
	Until       *time.Time
}

// Mappings returns every mapping that ever was, in the order of the log.
func (m *InMemory) Mappings() []MappingRow {
	var all []MappingRow
	for _, r := range m.rows.mappings.begun {
		all = append(all, MappingRow{r.id, r.pair, r.sequence, r.kind, r.correlation, r.since, r.until})
	}
	return all
}

// MergeRow is a merge of prisoner numbers: see the table merge.
type MergeRow struct {
	Removed, Survivor domain.PrisonerNumber
	TakenBack         bool
}

// Merges returns every merge that ever was, in the order of the log.
func (m *InMemory) Merges() []MergeRow {
	var all []MergeRow
	known := map[[16]byte]bool{}
	for i, message := range m.rows.merges.messages {
		if known[message] {
			continue
		}
		known[message] = true
		all = append(all, MergeRow{
			Removed: domain.PrisonerNumber(m.rows.merges.removed[i]), Survivor: domain.PrisonerNumber(m.rows.merges.survivor[i]),
			TakenBack: slices.Contains(m.rows.merges.takenBack, message),
		})
	}
	return all
}

// FactRow says by what a fact is found: see the table fact_index.
type FactRow struct {
	Position eventstore.Position
	Day      string // of London
	Actor    string
	Source   domain.Source
	Pair     string // "" for a fact of the switch-over
}

// Facts returns a row for each fact, in the order of the log.
func (m *InMemory) Facts() []FactRow {
	x := m.rows.index
	all := make([]FactRow, len(x.commits))
	for i := range all {
		all[i] = FactRow{
			Position: eventstore.Position{Commit: uint64(x.commits[i]), Prepare: uint64(x.prepares[i])}, //nolint:gosec // they were positions
			Day:      x.days[i].Format(time.DateOnly), Actor: x.actors[i], Source: domain.Source(x.sources[i]),
		}
		if x.pairs[i] != nil {
			all[i].Pair = *x.pairs[i]
		}
	}
	return all
}
