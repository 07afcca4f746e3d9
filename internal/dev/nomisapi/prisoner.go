package nomisapi

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// prisoner is a row of offenders with the booking that counts.
type prisoner struct {
	no      string
	id      int64
	known   bool
	booking int64 // 0: none
}

// form is that of a prisoner number.
var form = regexp.MustCompile(`^[A-Z][0-9]{4}[A-Z]{2}$`)

// numbers is how many numbers of that form there are, and scatter shares no divisor with
// it.
const numbers, scatter = 26 * 10_000 * 26 * 26, 48_271

// offenderID returns the numeric id of a prisoner, from 1 on; 0 for a text of another
// form. It is a permutation: every number has an id of its own, and their order has
// nothing to do with that of the numbers, as in NOMIS.
func offenderID(no string) int64 {
	if !form.MatchString(no) {
		return 0
	}
	n := int64(no[0] - 'A')
	for _, digit := range no[1:5] {
		n = n*10 + int64(digit-'0')
	}
	n = (n*26+int64(no[5]-'A'))*26 + int64(no[6]-'A')
	return 1 + n*scatter%numbers
}

// firstBooking returns the id of the booking that a prisoner has to begin with.
func firstBooking(offender int64) int64 { return offender + 200_000_000 }

const prisonersSQL = `
SELECT offender_id_display, merged_into IS NULL, COALESCE((
    SELECT offender_book_id FROM offender_bookings b WHERE b.offender_id = o.offender_id
    ORDER BY received_at DESC, offender_book_id DESC LIMIT 1), 0)
FROM offenders o WHERE offender_id = ANY($1)`

// scanPrisoners returns those that have rows, by number.
func scanPrisoners(rows pgx.Rows) (map[string]prisoner, error) {
	found := map[string]prisoner{}
	var p prisoner
	_, err := pgx.ForEachRow(rows, []any{&p.no, &p.known, &p.booking}, func() error {
		p.id = offenderID(p.no)
		found[p.no] = p
		return nil
	})
	return found, err
}

// findPrisoners returns those of the numbers that have rows.
func findPrisoners(ctx context.Context, tx pgx.Tx, numbers []string) (map[string]prisoner, error) {
	rows, err := tx.Query(ctx, prisonersSQL, ids(numbers))
	if err != nil {
		return nil, err
	}
	return scanPrisoners(rows)
}

// ids returns the numeric ids of numbers.
func ids(numbers []string) []int64 {
	all := make([]int64, len(numbers))
	for i, no := range numbers {
		all[i] = offenderID(no)
	}
	return all
}

// orNew returns a prisoner that has rows as it is. One that has none has the booking
// that it would get, if the directory knows the number.
func (s *Server) orNew(ctx context.Context, found map[string]prisoner, no string) (prisoner, error) {
	if p, there := found[no]; there {
		return p, nil
	}
	p := prisoner{no: no, id: offenderID(no)}
	if p.id == 0 {
		return p, nil
	}
	known, err := s.options.Knows(ctx, no)
	if err != nil {
		return p, fmt.Errorf("ask for a prisoner: %w", err)
	}
	if known {
		p.known, p.booking = true, firstBooking(p.id)
	}
	return p, nil
}

// lock locks prisoners until the end of the transaction, in the order of their ids, so
// that two changes never wait for each other. It makes the rows of those that have none
// and are known. The answer has every number.
func (s *Server) lock(ctx context.Context, tx pgx.Tx, numbers ...string) (map[string]prisoner, error) {
	slices.SortFunc(numbers, func(a, b string) int { return cmp.Compare(offenderID(a), offenderID(b)) })
	found, err := findPrisoners(ctx, tx, numbers)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	for _, no := range numbers {
		p, err := s.orNew(ctx, found, no)
		if _, there := found[no]; !there && err == nil && p.known {
			insertPrisoner(batch, p)
		}
		if err != nil {
			return nil, err
		}
	}
	batch.Queue(`SELECT FROM offenders WHERE offender_id = ANY($1) ORDER BY offender_id FOR NO KEY UPDATE`, ids(numbers))
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	// Again: who waited for the lock may find another booking, or a merged number.
	if found, err = findPrisoners(ctx, tx, numbers); err != nil {
		return nil, err
	}
	for _, no := range numbers {
		if _, there := found[no]; !there {
			found[no] = prisoner{no: no, id: offenderID(no)}
		}
	}
	return found, nil
}

// insertPrisoner makes the rows of a prisoner whom nothing was written about yet.
func insertPrisoner(batch *pgx.Batch, p prisoner) {
	// One statement: whoever makes the prisoner makes the booking. A booking that was
	// deleted must not come back.
	batch.Queue(`WITH made AS (
		INSERT INTO offenders (offender_id, offender_id_display) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING offender_id)
		INSERT INTO offender_bookings (offender_book_id, offender_id) SELECT $3, offender_id FROM made`, p.id, p.no, p.booking)
}
