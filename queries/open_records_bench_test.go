package queries_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// BenchmarkOpenOf reads the open records of a prison of 1,500 people with 4,000 of them,
// among 40,000 of others.
func BenchmarkOpenOf(b *testing.B) {
	r := newRecord(b)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	one, err := r.OfPrisoner(b.Context(), "A1111AA", 0)
	require.NoError(b, err)
	p := projector{b, connect(b, r.dsn), r.dsn}
	const people, pairs, others = 1500, 4000, 40_000
	for letter, count := range map[string]int{"P": pairs, "Q": others} {
		p.exec(`CREATE TEMP TABLE more_`+letter+` AS
			SELECT gen_random_uuid() AS id, $1::text || lpad(x::text, 4, '0') || 'AA' AS one, $1::text || lpad(y::text, 4, '0') || 'AA' AS other
			FROM (SELECT i % 1499 AS x, i % 1499 + 1 + (i * 7 + i / 1499) % (1499 - i % 1499) AS y FROM generate_series(1, $2::int) i) at`, letter, count)
		p.exec(`INSERT INTO read_1.pair (pair, state, facts, positions, standings)
			SELECT DISTINCT ON (one, other) one || '_' || other, replace(state, $1, more.id::text), facts, positions, standings
			FROM read_1.pair, more_`+letter+` more WHERE pair = 'A1111AA_B1111BB' ON CONFLICT DO NOTHING`, one.Records[0].NonAssociation.ID.String())
		p.exec(`INSERT INTO read_1.non_association (id, pair, first_number, second_number, when_created, when_updated, expires, deleted)
			SELECT more.id, one || '_' || other, one, other, '2001', '2001', 'never', false
			FROM more_` + letter + ` more JOIN read_1.pair ON pair = one || '_' || other AND strpos(state, more.id::text) > 0`)
	}
	p.exec(`VACUUM ANALYZE read_1.pair, read_1.non_association, read_1.merge`)
	var prison []domain.PrisonerNumber
	for i := range people {
		prison = append(prison, domain.PrisonerNumber(fmt.Sprintf("P%04dAA", i)))
	}
	var found int
	for b.Loop() {
		all, err := r.OpenOf(b.Context(), prison, today, 0)
		require.NoError(b, err)
		found = len(all.Records)
	}
	b.ReportMetric(float64(found), "records")
}
