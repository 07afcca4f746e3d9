package past

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/projections"
	"nonassociations/queries"
)

// mapped returns the mappings that are wanted, in the order of the log.
func (m *Model) mapped(atLeast uint64, wanted func(projections.MappingRow) bool) (queries.Mappings, error) {
	found := queries.Mappings{Position: m.until}
	for _, r := range m.mappings {
		if wanted(r) {
			found.Mappings = append(found.Mappings, queries.Mapping{
				NonAssociationID: r.ID, Pair: r.Pair, TypeSequence: r.Sequence, Type: r.Type, Correlation: r.Correlation, Since: r.Since, Until: r.Until,
			})
		}
	}
	return found, m.reflects(atLeast)
}

// last keeps the last mapping alone.
func last(found queries.Mappings, err error) (queries.Mappings, error) {
	found.Mappings = found.Mappings[max(0, len(found.Mappings)-1):]
	return found, err
}

// MappingOf implements the mappings of the API.
func (m *Model) MappingOf(_ context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	return last(m.mapped(atLeast, func(r projections.MappingRow) bool { return r.ID == id && r.Until == nil }))
}

// MappingBySequence implements the mappings of the API.
func (m *Model) MappingBySequence(_ context.Context, pair domain.Pair, sequence int, atLeast uint64) (queries.Mappings, error) {
	return last(m.mapped(atLeast, func(r projections.MappingRow) bool {
		return r.Pair == pair && r.Sequence == sequence && r.Until == nil
	}))
}

// MappingHistory implements the mappings of the API.
func (m *Model) MappingHistory(_ context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	return m.mapped(atLeast, func(r projections.MappingRow) bool { return r.ID == id })
}

// LatestMigrated implements the mappings of the API.
func (m *Model) LatestMigrated(_ context.Context, atLeast uint64) (queries.Mappings, error) {
	return last(m.mapped(atLeast, isMigrated))
}

// Migrated implements the mappings of the API.
func (m *Model) Migrated(_ context.Context, of queries.MigratedRequest) (queries.MigratedPage, error) {
	found, err := m.mapped(of.AtLeast, func(r projections.MappingRow) bool { return isMigrated(r) && r.Correlation == of.Migration })
	page := queries.MigratedPage{Mappings: found, Total: int64(len(found.Mappings))}
	from := min(of.Offset, page.Total)
	page.Mappings.Mappings = found.Mappings[from:min(from+int64(of.Size), page.Total)]
	return page, err
}

func isMigrated(r projections.MappingRow) bool {
	return r.Type == domain.MappingMigrated && r.Until == nil
}

// Delivery implements the mappings of the API and the reads of the pages.
func (m *Model) Delivery(_ context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error) {
	found := queries.Deliveries{Position: m.until}
	row, is := m.byID[id]
	if is {
		d := queries.Delivery{
			NonAssociationID: id, Pair: row.Pair, Deleted: row.Deleted, EffectiveDay: row.WhenCreated[:min(len(row.WhenCreated), len(time.DateOnly))],
			Shortened: row.Shortened, TypeSequence: orNil(row.Sequence), DiffersSince: orNil(row.Differs),
		}
		if !row.Delivery.At.IsZero() {
			d.DeliveredAt, d.Revision = &row.Delivery.At, &row.Delivery.Revision
		}
		found.Deliveries = append(found.Deliveries, d)
	}
	return found, m.reflects(atLeast)
}

// orNil returns nil for the zero value.
func orNil[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// Facts implements the reads of the pages.
func (m *Model) Facts(_ context.Context, of queries.FactsRequest) (queries.FactPlaces, error) {
	found := queries.FactPlaces{Position: m.until}
	for _, f := range slices.Backward(m.facts) {
		place := queries.FactPlace{Commit: f.Position.Commit, Prepare: f.Position.Prepare}
		if !isAsked(f, of) || of.Before != nil && !isBefore(place, *of.Before) {
			continue
		}
		if len(found.Places) == of.Size {
			found.More = true
			break
		}
		found.Places = append(found.Places, place)
	}
	return found, m.reflects(of.AtLeast)
}

func isAsked(f projections.FactRow, of queries.FactsRequest) bool {
	if of.Prisoner != "" {
		pair, err := domain.ParsePair(f.Pair)
		if err != nil || !pair.Has(of.Prisoner) {
			return false
		}
	}
	return (of.User == "" || of.User == f.Actor) && (of.Source == "" || of.Source == f.Source) &&
		(of.From == "" || f.Day >= of.From) && (of.To == "" || f.Day <= of.To)
}

func isBefore(a, b queries.FactPlace) bool {
	return a.Commit < b.Commit || a.Commit == b.Commit && a.Prepare < b.Prepare
}
