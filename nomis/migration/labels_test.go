package migration_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/nomis/migration"
	"nonassociations/web/api"
)

func TestLabels_leadToTheRunAndBack(t *testing.T) {
	f := newFixture(t)
	f.stock(1)
	var labels api.MigrationLabels = migration.Labels{Store: f.Store}
	_, is, err := labels.Migration(t.Context(), "2026-07-15T12:00:00")
	require.NoError(t, err)
	require.False(t, is)
	run := f.carries(migration.Order{})
	f.carries(migration.Order{DryRun: true})
	id, is, err := labels.Migration(t.Context(), run.Label)
	require.NoError(t, err)
	require.True(t, is)
	require.Equal(t, run.ID, id, "the facts are of the run, not of the dry run of the same second")
	label, err := labels.Label(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, run.Label, label)
	label, err = labels.Label(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Empty(t, label)
}
