package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/idempotency"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
)

func TestKeys_ofAnotherLogAreRefused(t *testing.T) {
	log, dsn := memory.New(), testdb.New(t)
	require.NoError(t, SchemaUp(t.Context(), Config{EventStoreURL: "esdb://elsewhere", DatabaseURL: dsn}))
	store, err := idempotency.Open(t.Context(), dsn, idempotency.Options{Clock: time.Now})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	id, err := ensureLogID(t.Context(), log, dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err, "a table that carries no id yet takes that of the log")
	p := &process{Options: Options{Logger: slog.New(slog.DiscardHandler)}, serving: serving{keys: store}}
	require.NoError(t, p.bindKeys(t.Context(), id))

	require.ErrorIs(t, p.bindKeys(t.Context(), uuid.New()), errOtherLog)
	_, err = ensureLogID(t.Context(), memory.New(), dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, errOtherLog)
	require.ErrorContains(t, err, "commands.log")
}
