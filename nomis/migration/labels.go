package migration

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/nomis/store"
)

// Labels know the runs by their labels. It is safe for concurrent use.
type Labels struct{ Store *store.Store }

// Migration returns the id of the run with a label; false when there is none.
func (l Labels) Migration(ctx context.Context, label string) (uuid.UUID, bool, error) {
	return l.Store.MigrationByLabel(ctx, label)
}

// Label returns the label of a run; "" when there is none.
func (l Labels) Label(ctx context.Context, migration uuid.UUID) (string, error) {
	return l.Store.MigrationLabel(ctx, migration)
}
