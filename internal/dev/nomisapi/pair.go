package nomisapi

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// pairKey is two numbers, sorted; the zero pairKey is no pair.
type pairKey [2]string

// keyOf returns the key of two numbers in either order.
func keyOf(a, b string) pairKey {
	if b < a {
		a, b = b, a
	}
	return pairKey{a, b}
}

// String is the form in the table of calls.
func (k pairKey) String() string { return k[0] + "," + k[1] }

// detail is a detail row: what one mirror says of one non-association. Days are
// 2006-01-02.
type detail struct {
	Seq          int     `json:"typeSeq"`
	Reason       string  `json:"nsReasonCode"`
	Type         string  `json:"nsType"`
	Effective    string  `json:"nsEffectiveDate"`
	Expiry       *string `json:"nsExpiryDate"`
	AuthorisedBy *string `json:"authorizedStaff"`
	Comment      *string `json:"commentText"`
	CreatedBy    string  `json:"createUserId"`
	ModifiedBy   *string `json:"modifyUserId"`
	Module       *string `json:"auditModuleName"`
}

// isClosed reports whether it has ended by a day.
func (d detail) isClosed(today string) bool { return d.Expiry != nil && *d.Expiry <= today }

// side is one mirror: the rows of one prisoner about the other.
type side struct {
	of, about prisoner
	parent    *parent // nil: none, and then there are no details
	details   []detail
}

// parent is a parent row.
type parent struct {
	booking, nsBooking int64
	reason             string
	recip              *string
}

// at returns the detail of a sequence, nil for none.
func (s *side) at(seq int) *detail {
	i := slices.IndexFunc(s.details, func(d detail) bool { return d.Seq == seq })
	if i < 0 {
		return nil
	}
	return &s.details[i]
}

// isOpen reports whether a detail has no expiry. One that is to come counts as an expiry.
func (s *side) isOpen() bool {
	return slices.ContainsFunc(s.details, func(d detail) bool { return d.Expiry == nil })
}

// next is the sequence that a new detail gets: one more than the highest, so 1 again when
// all are gone.
func (s *side) next() int {
	next := 1
	for _, d := range s.details {
		next = max(next, d.Seq+1)
	}
	return next
}

// pair is both mirrors, first that of the prisoner whom a call names first.
type pair [2]side

// key returns the pair's numbers.
func (p *pair) key() pairKey { return keyOf(p[0].of.no, p[1].of.no) }

// newPair returns a pair without rows.
func newPair(a, b prisoner) *pair { return &pair{{of: a, about: b}, {of: b, about: a}} }

const parentsSQL = `
SELECT offender_id, offender_book_id, ns_offender_book_id, ns_reason_code, recip_ns_reason_code
FROM offender_non_associations WHERE (offender_id, ns_offender_id) IN (($1, $2), ($2, $1))`

const detailsSQL = `
SELECT offender_id, type_seq::int, ns_reason_code, ns_type, ns_effective_date::text, ns_expiry_date::text, authorized_staff,
    comment_text, create_user_id, modify_user_id, audit_module_name
FROM offender_na_details WHERE (offender_id, ns_offender_id) IN (($1, $2), ($2, $1)) ORDER BY type_seq`

// queueRows adds the two reads of a pair's rows to a batch.
func queueRows(batch *pgx.Batch, into *pair) {
	a, b := into[0].of.id, into[1].of.id
	sideOf := func(id int64) *side {
		if id == a {
			return &into[0]
		}
		return &into[1]
	}
	batch.Queue(parentsSQL, a, b).Query(func(rows pgx.Rows) error {
		var id int64
		var row parent
		_, err := pgx.ForEachRow(rows, []any{&id, &row.booking, &row.nsBooking, &row.reason, &row.recip}, func() error {
			found := row
			sideOf(id).parent = &found
			return nil
		})
		return err
	})
	batch.Queue(detailsSQL, a, b).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id int64
			var d detail
			err := rows.Scan(&id, &d.Seq, &d.Reason, &d.Type, &d.Effective, &d.Expiry, &d.AuthorisedBy, &d.Comment,
				&d.CreatedBy, &d.ModifiedBy, &d.Module)
			if err != nil {
				return err
			}
			of := sideOf(id)
			of.details = append(of.details, d)
		}
		return rows.Err()
	})
}

// read returns a pair's rows without a lock. Prisoners whom nobody knows are in it, with
// known false.
func (s *Server) read(ctx context.Context, a, b string) (*pair, error) {
	rows := newPair(prisoner{no: a, id: offenderID(a)}, prisoner{no: b, id: offenderID(b)})
	found := map[string]prisoner{}
	batch := &pgx.Batch{}
	batch.Queue(prisonersSQL, ids([]string{a, b})).Query(func(rows pgx.Rows) (err error) {
		found, err = scanPrisoners(rows)
		return err
	})
	queueRows(batch, rows)
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	for i, no := range []string{a, b} {
		p, err := s.orNew(ctx, found, no)
		if err != nil {
			return nil, err
		}
		rows[i].of, rows[1-i].about = p, p
	}
	return rows, nil
}
