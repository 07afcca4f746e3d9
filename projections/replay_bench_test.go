package projections_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// estatePairs are many pairs, about five a prisoner, the same every time.
func estatePairs(t testing.TB, count int) []domain.Pair {
	random := rand.New(rand.NewPCG(1, 2))
	number := func() string {
		n := random.IntN(max(count*2/5, 20))
		return fmt.Sprintf("A%04d%c%c", n%10000, 'A'+n/10000%26, 'A'+n/260000)
	}
	known := map[domain.Pair]bool{}
	var pairs []domain.Pair
	for len(pairs) < count {
		one, other := number(), number()
		if one == other || known[pairOf(t, one, other)] {
			continue
		}
		pairs = append(pairs, pairOf(t, one, other))
		known[pairs[len(pairs)-1]] = true
	}
	return pairs
}

func estateItem(pair domain.Pair) domain.Item {
	return item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator)
}

// estate is a log of one non-association for each of many pairs.
func estate(t testing.TB, pairs int) *logWriter {
	log := newLog(t)
	for _, pair := range estatePairs(t, pairs) {
		log.sync(pair, estateItem(pair))
	}
	return log
}

// BenchmarkReplay reports how fast an empty read model is built, and the ratio
// to a COPY of the same rows into the same tables.
func BenchmarkReplay(b *testing.B) {
	log := estate(b, 100_000)
	for b.Loop() {
		dsn, conn := database(b)
		begun := time.Now()
		r := start(b, log.log, dsn)
		r.reachesWithin(b, log.last, 5*time.Minute)
		replay := time.Since(begun)
		r.end()
		again := copyTime(b, conn)
		b.ReportMetric(float64(len(log.states))/replay.Seconds(), "events/s")
		b.ReportMetric(again.Seconds()/replay.Seconds(), "×COPY")
	}
}

// copyTime is how long COPY takes for the rows that are there.
func copyTime(t testing.TB, conn *pgx.Conn) time.Duration {
	ctx := context.Background()
	tables := []string{"pair", "non_association", "prisoner", "mapping"}
	content := map[string]*bytes.Buffer{}
	for _, table := range tables {
		content[table] = &bytes.Buffer{}
		_, err := conn.PgConn().CopyTo(ctx, content[table], "COPY read_1."+table+" TO STDOUT (FORMAT binary)")
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "TRUNCATE read_1."+table)
		require.NoError(t, err)
	}
	begun := time.Now()
	for _, table := range tables {
		_, err := conn.PgConn().CopyFrom(ctx, content[table], "COPY read_1."+table+" FROM STDIN (FORMAT binary)")
		require.NoError(t, err)
	}
	return time.Since(begun)
}
