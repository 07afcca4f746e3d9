package projections_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// BenchmarkVisible reports how long after an acknowledged append the read model
// has it, beside a bare NOTIFY round trip and a bare commit on the same server.
func BenchmarkVisible(b *testing.B) {
	dsn, conn := database(b)
	require.NoError(b, postgres.Migrate(b.Context(), dsn))
	store, err := postgres.Open(b.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close(context.Background())) })
	_, err = eventstore.WriteIdentity(b.Context(), store, uuid.New())
	require.NoError(b, err)
	log := newLog(b)
	log.log = store
	r := start(b, store, dsn)
	listener := connect(b, dsn)
	_, err = listener.Exec(b.Context(), "LISTEN bare")
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), "CREATE TABLE bare (n bigint)")
	require.NoError(b, err)
	estate := estatePairs(b, b.N+1)
	log.sync(estate[b.N], estateItem(estate[b.N]))
	r.reaches(b, log.last)

	var visible, notify, commit []time.Duration
	b.ResetTimer()
	for i := range b.N {
		log.sync(estate[i], estateItem(estate[i]))
		begun := time.Now()
		r.reaches(b, log.last)
		visible = append(visible, time.Since(begun))
		begun = time.Now()
		_, err = conn.Exec(b.Context(), "NOTIFY bare")
		require.NoError(b, err)
		_, err = listener.WaitForNotification(b.Context())
		require.NoError(b, err)
		notify = append(notify, time.Since(begun))
		begun = time.Now()
		require.NoError(b, pgx.BeginFunc(b.Context(), conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(b.Context(), "INSERT INTO bare VALUES (1)")
			return err
		}))
		commit = append(commit, time.Since(begun))
	}
	report := func(name string, all []time.Duration) {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), name+"-p50-µs")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), name+"-p99-µs")
	}
	report("visible", visible)
	report("notify", notify)
	report("commit", commit)
}
