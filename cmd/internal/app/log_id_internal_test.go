package app

import (
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
)

func TestNewLog_getsAnIDOnceAndKeepsIt(t *testing.T) {
	log, dsn := memory.New(), testdb.New(t)
	one, err := ensureLogID(t.Context(), log, dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	two, err := ensureLogID(t.Context(), log, dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, one, two)
}

func TestLog_withoutAnIDIsRefusedWhereATableRemembersOne(t *testing.T) {
	log, dsn := memory.New(), testdb.New(t)
	other := uuid.New()
	rememberLog(t, dsn, other)
	_, err := ensureLogID(t.Context(), log, dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, errOtherLog)
	require.ErrorContains(t, err, other.String())
	_, err = eventstore.ReadIdentity(t.Context(), log)
	require.ErrorIs(t, err, eventstore.ErrStreamNotFound, "nothing was written")
}

func TestAnotherLog_isRefusedWithBothIDs(t *testing.T) {
	log, dsn := memory.New(), testdb.New(t)
	id, err := ensureLogID(t.Context(), log, testdb.New(t), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	other := uuid.New()
	rememberLog(t, dsn, other)
	_, err = ensureLogID(t.Context(), log, dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, errOtherLog)
	require.ErrorContains(t, err, id.String())
	require.ErrorContains(t, err, other.String())
}

// rememberLog fills a table of some schema with the id of a log.
func rememberLog(t *testing.T, dsn string, id uuid.UUID) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `CREATE SCHEMA "some Schema"; CREATE TABLE "some Schema".checkpoint (store_id uuid)`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO "some Schema".checkpoint VALUES ($1)`, id)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
