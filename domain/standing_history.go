package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// MappingPeriod is a time in which NOMIS knew a record of a pair by a sequence. Until is
// zero while it does.
type MappingPeriod struct {
	ID           uuid.UUID // of the record
	TypeSequence int
	Since, Until time.Time
}

// StandingHistory folds all facts of one pair, from the first one on, to what the read
// model keeps of its records and NOMIS: see [Standings]. One goroutine owns it.
type StandingHistory struct {
	folding   *Folding
	standings Standings
	periods   []MappingPeriod
}

// NewStandingHistory begins before the first fact of a pair.
func NewStandingHistory(pair Pair) *StandingHistory {
	return &StandingHistory{folding: NewFolding(State{Pair: pair})}
}

// Add folds the next fact of the pair.
func (h *StandingHistory) Add(r Recorded, fact Fact) {
	id := fact.Event.About()
	index := h.folding.Index(id)
	before := h.item(id)
	h.folding.Add(fact)
	for _, change := range h.standings.Add(fact, r, index, before, h.item(id)) {
		h.change(change, r.At)
	}
}

// item returns a copy of a record, nil where the pair does not have it.
func (h *StandingHistory) item(id uuid.UUID) *NonAssociation {
	n, is := h.folding.Find(id)
	if !is {
		return nil
	}
	return &n
}

// change begins or ends a period.
func (h *StandingHistory) change(c MappingChange, at time.Time) {
	if c.TypeSequence != 0 {
		h.periods = append(h.periods, MappingPeriod{ID: c.ID, TypeSequence: c.TypeSequence, Since: at})
		return
	}
	for i := range slices.Backward(h.periods) {
		if p := &h.periods[i]; p.ID == c.ID && p.Until.IsZero() {
			p.Until = at
			return
		}
	}
}

// Of returns where a record of the pair stands. It is the zero Standing for a record that
// the pair does not have.
func (h *StandingHistory) Of(id uuid.UUID) Standing {
	for _, s := range h.standings {
		if s.ID == id {
			return s
		}
	}
	return Standing{}
}

// Mappings returns the periods in the order in which they began, also those of records
// that have left the pair. The caller must not change them.
func (h *StandingHistory) Mappings() []MappingPeriod { return h.periods }
