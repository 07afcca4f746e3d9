package nomisapi

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
)

// numbersPair is a pair of a list.
type numbersPair struct {
	OffenderNo1 string `json:"offenderNo1"`
	OffenderNo2 string `json:"offenderNo2"`
}

// sortOrder is Spring's description of how a page is sorted.
type sortOrder struct {
	Empty    bool `json:"empty"`
	Sorted   bool `json:"sorted"`
	Unsorted bool `json:"unsorted"`
}

// pageable is Spring's description of what was asked for.
type pageable struct {
	Sort       sortOrder `json:"sort"`
	Offset     int       `json:"offset"`
	PageNumber int       `json:"pageNumber"`
	PageSize   int       `json:"pageSize"`
	Paged      bool      `json:"paged"`
	Unpaged    bool      `json:"unpaged"`
}

// page is a page in Spring's shape.
type page struct {
	Content          []numbersPair `json:"content"`
	Pageable         pageable      `json:"pageable"`
	Last             bool          `json:"last"`
	TotalElements    int           `json:"totalElements"`
	TotalPages       int           `json:"totalPages"`
	First            bool          `json:"first"`
	Size             int           `json:"size"`
	Number           int           `json:"number"`
	Sort             sortOrder     `json:"sort"`
	NumberOfElements int           `json:"numberOfElements"`
	Empty            bool          `json:"empty"`
}

// newPage puts a content into Spring's shape.
func newPage(content []numbersPair, number, size, total int) page {
	order := sortOrder{Sorted: true}
	pages := (total + size - 1) / size
	return page{
		Content: content, Pageable: pageable{Sort: order, Offset: number * size, PageNumber: number, PageSize: size, Paged: true},
		Last: number+1 >= pages, TotalElements: total, TotalPages: pages, First: number == 0, Size: size, Number: number,
		Sort: order, NumberOfElements: len(content), Empty: len(content) == 0,
	}
}

const (
	defaultSize = 20
	maxSize     = 1000
)

// natural returns a parameter that is a number of at least least, else instead: Spring
// does not refuse a wrong one.
func natural(r *http.Request, name string, least, instead int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < least {
		return instead
	}
	return n
}

const pairsSQL = `
SELECT one.offender_id_display, other.offender_id_display
FROM (SELECT offender_id, ns_offender_id FROM offender_non_associations WHERE offender_id < ns_offender_id
      ORDER BY offender_id, ns_offender_id OFFSET $1 LIMIT $2) p
JOIN offenders one ON one.offender_id = p.offender_id JOIN offenders other ON other.offender_id = p.ns_offender_id
ORDER BY p.offender_id, p.ns_offender_id`

// list is GET /non-associations/ids. It has each pair once, under the lower numeric id,
// which may be the higher prisoner number.
func (s *Server) list(r *http.Request, _ *call) (answer, error) {
	number, size := natural(r, "page", 0, 0), min(natural(r, "size", 1, defaultSize), maxSize)
	shift, more := 0, 0
	if _, on := s.faults.take(movingPages, pairKey{}); on {
		shift, more = s.pages.move(number, size)
	}
	content, total, err := s.page(r.Context(), number*size+shift, size)
	return ok(newPage(content, number, size, total+more)), err
}

// page returns the pairs from an offset on, and how many there are.
func (s *Server) page(ctx context.Context, offset, size int) (content []numbersPair, total int, err error) {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT count(*) FROM offender_non_associations WHERE offender_id < ns_offender_id`).QueryRow(
		func(row pgx.Row) error { return row.Scan(&total) })
	batch.Queue(pairsSQL, offset, size).Query(func(rows pgx.Rows) (err error) {
		content, err = scanPairs(rows)
		return err
	})
	return content, total, s.db.SendBatch(ctx, batch).Close()
}

// scanPairs reads two columns of numbers.
func scanPairs(rows pgx.Rows) ([]numbersPair, error) {
	return pgx.AppendRows([]numbersPair{}, rows, pgx.RowToStructByPos[numbersPair])
}

// pageMemory is what the fault moving-pages has done. The zero pageMemory is ready.
type pageMemory struct {
	mu    sync.Mutex
	asked int
	moved map[[2]int]bool
}

// move returns by how many rows a page is shifted and the total is wrong. Every odd page
// comes shifted by one when it is first asked for, as if a row before it had gone: a
// sweep misses a pair there and gets another one twice. The next sweep finds all.
func (m *pageMemory) move(number, size int) (shift, more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	page := [2]int{number, size}
	if number%2 == 1 && !m.moved[page] {
		if m.moved == nil {
			m.moved = map[[2]int]bool{}
		}
		m.moved[page] = true
		shift = 1
	}
	return shift, m.asked % 2
}

// forget makes the pages move again.
func (m *pageMemory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved = nil
}

// ofBooking is GET /non-associations/booking/{bookingId}: the pairs that were recorded
// under a booking, none for one that nobody knows.
func (s *Server) ofBooking(r *http.Request, _ *call) (answer, error) {
	id, err := strconv.ParseInt(r.PathValue("booking"), 10, 64)
	if err != nil {
		return answer{}, badRequest("booking %q is not a number", r.PathValue("booking"))
	}
	pairs, err := pairsOf(r.Context(), s.db, `offender_book_id = $1`, id)
	return ok(pairs), err
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// pairsOf returns the pairs of the parent rows that a condition selects, in the order of
// ids.
func pairsOf(ctx context.Context, db querier, condition string, args ...any) ([]numbersPair, error) {
	rows, err := db.Query(ctx, `SELECT one.offender_id_display, other.offender_id_display
		FROM offender_non_associations p
		JOIN offenders one USING (offender_id) JOIN offenders other ON other.offender_id = p.ns_offender_id
		WHERE `+condition+` ORDER BY p.offender_id, p.ns_offender_id`, args...)
	if err != nil {
		return nil, err
	}
	return scanPairs(rows)
}
