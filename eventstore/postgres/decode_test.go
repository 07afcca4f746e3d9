package postgres_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// TestReadAll_isWhatTheDriverScans, whatever is in the rows: rows that bypassed the store
// are read as well.
func TestReadAll_isWhatTheDriverScans(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	values := [][]byte{{}, {0}, []byte(`{}`), bytes.Repeat([]byte("x"), 700), bytes.Repeat([]byte("ä"), 20_000)}
	times := []string{"2026-07-15T12:00:00.123456Z", "1999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "294276-12-31T23:59:59.999999Z"}
	for i := range 60 {
		_, err := conn.Exec(t.Context(), `INSERT INTO eventstore.events VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::timestamptz)`,
			i+1, fmt.Sprintf("nonAssociation-%d", i/3), i%3, uuid.New(), "happened.v"+strconv.Itoa(i/7), values[i%5], values[i%3], times[i%4])
		require.NoError(t, err)
	}
	rows, err := conn.Query(t.Context(), "SELECT position, stream, revision, id, type, data, metadata, recorded_at FROM eventstore.events ORDER BY position")
	require.NoError(t, err)
	want, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e eventstore.RecordedEvent, err error) {
		err = row.Scan(&e.Position.Commit, &e.Stream, &e.Revision, &e.ID, &e.Type, &e.Data, &e.Metadata, &e.RecordedAt)
		e.Position.Prepare, e.RecordedAt = e.Position.Commit, e.RecordedAt.UTC()
		return e, err
	})
	require.NoError(t, err)
	log := open(t, dsn)
	got, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, time.UTC, got[0].RecordedAt.Location())
	for i := range got { // events share memory, and must not reach into each other
		_ = append(append(got[i].Data, "changed"...), append(got[i].Metadata, "changed"...)...)
	}
	require.Equal(t, want, got)
}

// TestReadAll_refusesWhatIsNoEvent: a value that an owner's hand put there is no event, and
// a missing text of bytes is an empty one.
func TestReadAll_refusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	for column, refused := range map[string]bool{"data": false, "metadata": false, "type": true, "stream": true, "recorded_at": true} {
		dsn := migrated(t)
		conn, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		columns := []string{"data", "metadata", "type", "stream", "recorded_at"}
		defaults := []string{`'\x01'`, `'\x02'`, `'happened.v1'`, `'nonAssociation-1'`, `now()`}
		value := "NULL"
		if column == "recorded_at" {
			value = "'infinity'"
		}
		defaults[slices.Index(columns, column)] = value
		_, err = conn.Exec(t.Context(), `ALTER TABLE eventstore.events ALTER `+column+` DROP NOT NULL;
			INSERT INTO eventstore.events (position, revision, id, data, metadata, type, stream, recorded_at)
			VALUES (1, 0, gen_random_uuid(), `+defaults[0]+`, `+defaults[1]+`, `+defaults[2]+`, `+defaults[3]+`, `+defaults[4]+`)`)
		require.NoError(t, err, column)
		require.NoError(t, conn.Close(t.Context()))
		events, err := open(t, dsn).ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
		if refused {
			require.Error(t, err, column)
			continue
		}
		require.NoError(t, err, column)
		require.Len(t, events, 1)
	}
}
