package whereabouts_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
)

// BenchmarkPrison asks each question about a prison of 1,500 people with 4,000 open pairs,
// of whom some hundred are too close.
func BenchmarkPrison(b *testing.B) {
	const people, pairs = 1500, 4000
	w := newWhere(b)
	number := func(i int) domain.PrisonerNumber { return domain.PrisonerNumber(fmt.Sprintf("A%04dAA", i)) }
	for i := range people {
		cell := fmt.Sprintf("%c-%d-%03d", 'A'+rune(i%8), i/8%4+1, i/64+1)
		w.people.all = append(w.people.all, personAt(number(i), "XAA", cell))
	}
	types := []domain.TypeCode{domain.TypeCell, domain.TypeLanding, domain.TypeWing, domain.TypeDoNotExercise, domain.TypeTotal}
	for i := range pairs {
		one := i % (people - 1)
		w.apart(number(one), number(one+1+(i*7+i/(people-1))%(people-1-one)), types[i%len(types)], longAgo)
	}
	for name, ask := range map[string]func() (int, error){
		"TooClose": func() (int, error) {
			found, err := w.TooClose(b.Context(), "XAA", w.position)
			return len(found.TooClose.TooClose), err
		},
		"TooClose after a fact": func() (int, error) {
			_, err := w.conn.Exec(b.Context(), `UPDATE read_1.checkpoint SET trail = sha256(trail)`)
			require.NoError(b, err)
			found, err := w.TooClose(b.Context(), "XAA", w.position)
			return len(found.TooClose.TooClose), err
		},
		"Sheet": func() (int, error) {
			found, err := w.Sheet(b.Context(), "XAA", whereabouts.SheetFilter{}, w.position)
			return len(found.Rows), err
		},
		"Sheet of a wing": func() (int, error) {
			found, err := w.Sheet(b.Context(), "XAA", whereabouts.SheetFilter{Wings: []string{"A"}}, w.position)
			return len(found.Rows), err
		},
		"MoveCheck": func() (int, error) {
			var list []domain.PrisonerNumber
			for i := range 30 {
				list = append(list, number(i*50))
			}
			found, err := w.check("A", list...)
			return len(found.Conflicts), err
		},
	} {
		b.Run(name, func(b *testing.B) {
			found, err := ask()
			require.NoError(b, err)
			for b.Loop() {
				found, err = ask()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(found), "found")
		})
	}
}
