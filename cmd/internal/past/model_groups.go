package past

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/projections"
	"nonassociations/queries"
)

// Between implements the reads of the API.
func (m *Model) Between(_ context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	names, prisoners := m.names(numbers)
	if prisoners < 2 {
		return queries.Group{}, queries.ErrOnePrisoner
	}
	return m.group(wanted, func(r projections.RecordRow) bool {
		return slices.Contains(names, r.First) && slices.Contains(names, r.Second)
	})
}

// Involving implements the reads of the API.
func (m *Model) Involving(_ context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	names, _ := m.names(numbers)
	return m.group(wanted, func(r projections.RecordRow) bool { return slices.ContainsFunc(names, r.Pair.Has) })
}

func (m *Model) group(wanted queries.Filter, is func(projections.RecordRow) bool) (queries.Group, error) {
	records, err := m.recordsOf(m.rows(func(r projections.RecordRow) bool { return isWanted(r, wanted) && is(r) }))
	return queries.Group{
		Position: m.until, Close: func() {},
		Each: func(_ context.Context, most int, do func(queries.Record) error) error {
			for i, record := range records {
				if most > 0 && i == most {
					break
				}
				if err := do(record); err != nil {
					return err
				}
			}
			return nil
		},
	}, errors.Join(err, m.reflects(wanted.AtLeast))
}

// route returns a number and those that it was merged into, in order. Of a number's merges
// the last one that was not taken back counts, and a circle ends where it closes.
func (m *Model) route(number domain.PrisonerNumber) []domain.PrisonerNumber {
	route := []domain.PrisonerNumber{number}
	for {
		next := domain.PrisonerNumber("")
		for _, merge := range m.merges {
			if merge.Removed == route[len(route)-1] && !merge.TakenBack {
				next = merge.Survivor
			}
		}
		if next == "" {
			return route
		}
		closed := slices.Contains(route, next)
		if route = append(route, next); closed {
			return route
		}
	}
}

// survivor returns the end of a removed number's route, "" for a number that is its own.
func (m *Model) survivor(number domain.PrisonerNumber) domain.PrisonerNumber {
	route := m.route(number)
	if end := route[len(route)-1]; end != number {
		return end
	}
	return ""
}

// names returns all names of the prisoners of a group, and how many they are.
func (m *Model) names(numbers []domain.PrisonerNumber) (names []domain.PrisonerNumber, prisoners int) {
	ends := map[domain.PrisonerNumber]bool{}
	for _, number := range numbers {
		route := m.route(number)
		names, ends[route[len(route)-1]] = append(names, route...), true
	}
	return names, len(ends)
}

// PairsOf implements the streams of the API and the reads of the pages.
func (m *Model) PairsOf(_ context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	pairs := slices.DeleteFunc(m.folded.Pairs(), func(p domain.Pair) bool { return !p.Has(number) })
	slices.SortFunc(pairs, func(a, b domain.Pair) int { return slices.Compare(texts(a), texts(b)) })
	return pairs, m.reflects(atLeast)
}

func texts(pair domain.Pair) []domain.PrisonerNumber {
	numbers := pair.Numbers()
	return numbers[:]
}

// PairOf implements the streams of the API and the reads of the pages.
func (m *Model) PairOf(_ context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	row, is := m.byID[id]
	return row.Pair, is, m.reflects(atLeast)
}

// MergedWith implements the streams of the API and the reads of the pages.
func (m *Model) MergedWith(_ context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	var all []domain.PrisonerNumber
	for _, merge := range m.merges {
		if merge.Removed == number || merge.Survivor == number {
			all = append(all, merge.Removed)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), m.reflects(atLeast)
}

// RemovedInto implements the streams of the API and the reads of the pages.
func (m *Model) RemovedInto(_ context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	var all []domain.PrisonerNumber
	for _, merge := range m.merges {
		if merge.Removed != number && slices.Contains(m.route(merge.Removed), number) {
			all = append(all, merge.Removed)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), m.reflects(atLeast)
}
