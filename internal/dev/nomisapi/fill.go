package nomisapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// Record is a non-association that Fill writes. Days are 2006-01-02.
type Record struct {
	OffenderNo    string  `json:"offenderNo"`
	NSOffenderNo  string  `json:"nsOffenderNo"`
	TypeSequence  int     `json:"typeSequence"`
	Reason        string  `json:"reason"`
	RecipReason   string  `json:"recipReason"`
	Type          string  `json:"type"`
	EffectiveDate string  `json:"effectiveDate"`
	ExpiryDate    *string `json:"expiryDate"`
	AuthorisedBy  *string `json:"authorisedBy"`
	Comment       *string `json:"comment"`
	UpdatedBy     string  `json:"updatedBy"` // "" is a user of NOMIS

	// Opposite is what is wrong with the row of NSOffenderNo: "" nothing, "missing", or
	// "open" or "closed", as of the effective date, whatever ExpiryDate says.
	Opposite string `json:"opposite"`
	// Alias puts the pair under an old alias of OffenderNo: it is listed with the same
	// numbers, maybe a second time, and no call finds its rows.
	Alias bool `json:"alias"`
	// NoRecip of a pair's newest record leaves the parent rows without a reciprocal reason:
	// every read of the pair is then a 500.
	NoRecip bool `json:"noRecip"`
}

// staged is the table that Fill copies into, and the columns of it.
const staged = `CREATE TEMPORARY TABLE staged (a bigint, b bigint, a_no text, b_no text, seq int, a_reason text, b_reason text, kind text,
	effective text, expiry text, authorised text, words text, by text, opposite text, at text, no_recip boolean) ON COMMIT DROP`

var stagedColumns = []string{
	"a", "b", "a_no", "b_no", "seq", "a_reason", "b_reason", "kind", "effective", "expiry", "authorised", "words", "by", "opposite", "at", "no_recip",
}

// fills are the statements that make rows of what was copied. A pair that is there
// already is left as it is.
var fills = []string{
	`DELETE FROM staged s USING offender_non_associations p WHERE p.offender_id = s.a AND p.ns_offender_id = s.b`,
	`WITH made AS (
		INSERT INTO offenders (offender_id, offender_id_display)
		SELECT a, a_no FROM staged UNION SELECT b, b_no FROM staged ORDER BY 1 ON CONFLICT DO NOTHING RETURNING offender_id)
		INSERT INTO offender_bookings (offender_book_id, offender_id) SELECT offender_id + 200000000, offender_id FROM made`,
	`INSERT INTO offender_non_associations (offender_id, ns_offender_id, offender_book_id, ns_offender_book_id, ns_reason_code,
			recip_ns_reason_code)
		SELECT a, b, a + 200000000, b + 200000000, b_reason, CASE WHEN NOT no_recip THEN b_reason END
		FROM (SELECT DISTINCT ON (a, b) * FROM staged ORDER BY a, b, seq DESC) newest
		UNION ALL SELECT b, a, b + 200000000, a + 200000000, b_reason, CASE WHEN NOT no_recip THEN a_reason END
		FROM (SELECT DISTINCT ON (a, b) * FROM staged ORDER BY a, b, seq DESC) newest ORDER BY 1, 2`,
	`INSERT INTO offender_na_details (offender_id, ns_offender_id, type_seq, ns_reason_code, ns_type, ns_effective_date,
			ns_expiry_date, authorized_staff, comment_text, create_datetime, create_user_id, audit_module_name)
		SELECT a, b, seq, a_reason, kind, effective::date, expiry::date, authorised, words, at::timestamp, by, 'OIDONONA' FROM staged
		UNION ALL SELECT b, a, seq, b_reason, kind, effective::date,
			CASE opposite WHEN 'open' THEN NULL WHEN 'closed' THEN effective::date ELSE expiry::date END, authorised, words, at::timestamp,
			by, 'OIDONONA'
		FROM staged WHERE opposite <> 'missing' ORDER BY 1, 2, 3`,
}

// Fill writes many records at once, as NOMIS had them for years: nothing is checked, no
// message is sent, and every prisoner in them is known from then on. All records of a
// pair must be in one call and name the same prisoner first; a pair that has rows is left
// as it is. It returns how many records were written. Fast: 100,000 pairs take seconds.
func (s *Server) Fill(ctx context.Context, records iter.Seq[Record]) (int, error) {
	written := 0
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		written, err = s.fill(ctx, tx, records)
		return err
	})
	if err == nil { // else the first reads would look at every row
		_, err = s.db.Exec(ctx, `VACUUM (ANALYZE) offenders, offender_bookings, offender_non_associations, offender_na_details`)
	}
	if err != nil {
		return 0, fmt.Errorf("fill NOMIS: %w", err)
	}
	return written, nil
}

// fill copies the records and makes rows of them.
func (s *Server) fill(ctx context.Context, tx pgx.Tx, records iter.Seq[Record]) (int, error) {
	if _, err := tx.Exec(ctx, staged); err != nil {
		return 0, err
	}
	next, stop := iter.Pull(records)
	defer stop()
	at := s.options.Now().Format(localTime)
	copied, err := tx.CopyFrom(ctx, pgx.Identifier{"staged"}, stagedColumns, pgx.CopyFromFunc(func() ([]any, error) {
		r, more := next()
		if !more {
			return nil, nil
		}
		return r.row(at)
	}))
	if err != nil {
		return 0, err
	}
	for i, statement := range fills {
		tag, err := tx.Exec(ctx, statement)
		if err != nil {
			return 0, err
		}
		if i == 0 {
			copied -= tag.RowsAffected()
		}
	}
	return int(copied), nil
}

// firstAlias is above the ids of those whom calls look for, and of bookings.
const firstAlias = 400_000_000

// row returns the record as the copied table has it. Errors: two numbers that are no pair.
func (r Record) row(at string) ([]any, error) {
	a, b := offenderID(r.OffenderNo), offenderID(r.NSOffenderNo)
	if a == 0 || b == 0 || a == b {
		return nil, fmt.Errorf("%q and %q are no pair", r.OffenderNo, r.NSOffenderNo)
	}
	if r.Alias {
		a += firstAlias
	}
	by := r.UpdatedBy
	if by == "" {
		by = byStaff.user
	}
	return []any{
		a, b, r.OffenderNo, r.NSOffenderNo, r.TypeSequence, r.Reason, r.RecipReason, r.Type, r.EffectiveDate, r.ExpiryDate,
		r.AuthorisedBy, r.Comment, by, r.Opposite, at, r.NoRecip,
	}, nil
}

// staffFill is POST /staff/records: Fill with a record of JSON a line, for a demonstration
// in another process.
func (s *Server) staffFill(w http.ResponseWriter, r *http.Request) {
	lines := json.NewDecoder(r.Body)
	var broken error
	written, err := s.Fill(r.Context(), func(yield func(Record) bool) {
		for {
			var record Record
			if broken = lines.Decode(&record); broken != nil || !yield(record) {
				return
			}
		}
	})
	switch {
	case broken != nil && !errors.Is(broken, io.EOF):
		refuse(badRequest("the records before this error are written: %v", broken)).write(w)
	case err != nil:
		refuse(badRequest("%v", err)).write(w)
	default:
		ok(map[string]int{"records": written}).write(w)
	}
}
