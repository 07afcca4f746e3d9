package app

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// gatedMappings fails with queries.ErrNotCaughtUp while reads are refused.
type gatedMappings struct {
	gate *readinessGate
	api.Mappings
}

// MappingOf is refused while reads are.
func (m gatedMappings) MappingOf(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	return ifReadsAllowed(m.gate, func() (queries.Mappings, error) { return m.Mappings.MappingOf(ctx, id, atLeast) })
}

// MappingBySequence is refused while reads are.
func (m gatedMappings) MappingBySequence(ctx context.Context, pair domain.Pair, sequence int, atLeast uint64) (queries.Mappings, error) {
	return ifReadsAllowed(m.gate, func() (queries.Mappings, error) {
		return m.Mappings.MappingBySequence(ctx, pair, sequence, atLeast)
	})
}

// MappingHistory is refused while reads are.
func (m gatedMappings) MappingHistory(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	return ifReadsAllowed(m.gate, func() (queries.Mappings, error) { return m.Mappings.MappingHistory(ctx, id, atLeast) })
}

// Migrated is refused while reads are.
func (m gatedMappings) Migrated(ctx context.Context, of queries.MigratedRequest) (queries.MigratedPage, error) {
	return ifReadsAllowed(m.gate, func() (queries.MigratedPage, error) { return m.Mappings.Migrated(ctx, of) })
}

// LatestMigrated is refused while reads are.
func (m gatedMappings) LatestMigrated(ctx context.Context, atLeast uint64) (queries.Mappings, error) {
	return ifReadsAllowed(m.gate, func() (queries.Mappings, error) { return m.Mappings.LatestMigrated(ctx, atLeast) })
}

// Delivery is refused while reads are.
func (m gatedMappings) Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error) {
	return ifReadsAllowed(m.gate, func() (queries.Deliveries, error) { return m.Mappings.Delivery(ctx, id, atLeast) })
}
