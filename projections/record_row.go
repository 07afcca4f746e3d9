package projections

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// recordRow is a row of the table non_association without its id. By these rows records
// are found, filtered and sorted; their content is in the state of the pair.
type recordRow struct {
	pair                     domain.Pair
	first, second            domain.PrisonerNumber
	whenCreated, whenUpdated string
	expires                  string
	deleted                  bool
	shortened                bool
	sequence                 int // by which NOMIS knows it; 0: none
	differs                  time.Time
	delivery                 domain.Delivery
}

// recordRowOf returns the row of a record in the state of its pair. A record that has
// left the pair and has not arrived in another yet keeps a row that is marked deleted,
// so that its pair can still be found by its id.
func recordRowOf(p *pairRow, id uuid.UUID, london *time.Location) recordRow {
	const never = "never" // sorts after every date
	s := p.state
	numbers := s.Pair.Numbers()
	row := recordRow{pair: s.Pair, first: numbers[0], second: numbers[1], expires: never, deleted: true}
	i := s.Find(id)
	if i < 0 {
		return row
	}
	n := s.Items[i]
	if n.FirstPrisoner == row.second {
		row.first, row.second = row.second, row.first
	}
	row.whenCreated, row.deleted = whenCreated(n, london), n.Deleted
	row.whenUpdated = n.UpdatedAt.UTC().Format("2006-01-02T15:04:05.999999")
	if n.ExpiryDate != nil {
		row.expires = string(*n.ExpiryDate)
	}
	with := p.standings[i]
	row.sequence, row.differs, row.delivery, row.shortened = with.Mapped, with.Differs, with.Delivery, n.IsShortened()
	return row
}

// whenCreated returns a text that sorts as the whenCreated of the answers does: the
// effective date, and for a record of staff also the fraction of its second.
func whenCreated(n domain.NonAssociation, london *time.Location) string {
	opened := n.OpenedAt.In(london) // facts hold UTC
	if n.CreatedSource == domain.DPS && domain.Local(opened) == n.EffectiveDate {
		return string(n.EffectiveDate) + opened.Format(".999999")
	}
	return string(n.EffectiveDate)
}

const recordColumnNames = "id pair first_number second_number when_created when_updated expires deleted " +
	"type_sequence differs_since delivered_at delivered_revision shortened"

// values are those of recordColumnNames, for COPY.
func (row recordRow) values(id uuid.UUID) []any {
	at, revision := row.delivered()
	return []any{
		[16]byte(id), row.pair.String(), string(row.first), string(row.second), row.whenCreated, row.whenUpdated, row.expires, row.deleted,
		orNull(row.sequence), orNull(row.differs), at, revision, row.shortened,
	}
}

// delivered returns when NOMIS was last known to hold the record, and the revision that
// it was; both are nil for never.
func (row recordRow) delivered() (at *time.Time, revision *uint64) {
	if row.delivery.At.IsZero() {
		return nil, nil
	}
	return &row.delivery.At, &row.delivery.Revision
}

// orNull returns nil for the zero value, which Postgres stores as NULL.
func orNull[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// rowKey is a record in the stream of a pair. Between the two steps of a transfer a
// record is in two streams. Its row then belongs to the pair in which it arrived last.
type rowKey struct {
	id   uuid.UUID
	pair domain.Pair
}

// changesRecordRow reports whether an event that adds no record may change a row.
func changesRecordRow(e domain.Event) bool {
	switch e.(type) {
	case domain.Ignored:
		return false
	default:
		return true
	}
}

// recordRows makes the rows of the records that a batch opened and changed.
func (r rows) recordRows(owner map[uuid.UUID]*pairRow, touched map[rowKey]struct{}) {
	for id, row := range owner {
		r.opened[id] = recordRowOf(row, id, r.london)
	}
	for at := range touched {
		if _, made := r.opened[at.id]; !made {
			r.changed[at] = recordRowOf(r.pairs[at.pair], at.id, r.london)
		}
	}
}

const (
	recordsSQL = `unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
		$9::smallint[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::boolean[])`

	// The condition on the pair matters after a transfer: a fact in the pair that a
	// record has left must not change the row, which belongs to the new pair.
	changeRecordsSQL = `UPDATE {schema}.non_association n SET first_number = l.first_number, second_number = l.second_number,
			when_created = l.when_created, when_updated = l.when_updated, expires = l.expires, deleted = l.deleted,
			type_sequence = l.type_sequence, differs_since = l.differs_since, delivered_at = l.delivered_at,
			delivered_revision = l.delivered_revision, shortened = l.shortened
		FROM ` + recordsSQL + `
			l(id, pair, first_number, second_number, when_created, when_updated, expires, deleted,
				type_sequence, differs_since, delivered_at, delivered_revision, shortened)
		WHERE n.id = l.id AND n.pair = l.pair`
)

// queueRecordRows adds the statements for records. A record that was opened here or has
// arrived replaces the row of another pair; one that changed does not.
func (r rows) queueRecordRows(batch *pgx.Batch, with statements) {
	if len(r.opened) > 0 {
		var c recordColumns
		for id, row := range r.opened {
			c.add(id, row)
		}
		batch.Queue(r.generation.SQL(with.records), c.arguments()...)
	}
	if len(r.changed) > 0 {
		var c recordColumns
		for at, row := range r.changed {
			c.add(at.id, row)
		}
		batch.Queue(r.generation.SQL(changeRecordsSQL), c.arguments()...)
	}
}

// recordColumns holds rows column by column: the arguments of unnest.
type recordColumns struct {
	ids                [][16]byte // pgx sends uuid.UUID as text, which is slower
	texts              [6][]string
	deleted, shortened []bool
	sequences          []*int
	differs, delivered []*time.Time
	revisions          []*uint64
}

func (c *recordColumns) add(id uuid.UUID, row recordRow) {
	c.ids, c.deleted = append(c.ids, [16]byte(id)), append(c.deleted, row.deleted)
	at, revision := row.delivered()
	c.delivered, c.revisions = append(c.delivered, at), append(c.revisions, revision)
	c.sequences, c.differs = append(c.sequences, orNull(row.sequence)), append(c.differs, orNull(row.differs))
	c.shortened = append(c.shortened, row.shortened)
	for i, text := range []string{
		row.pair.String(), string(row.first), string(row.second), row.whenCreated, row.whenUpdated, row.expires,
	} {
		c.texts[i] = append(c.texts[i], text)
	}
}

func (c *recordColumns) arguments() []any {
	all := []any{c.ids}
	for _, column := range c.texts {
		all = append(all, column)
	}
	return append(all, c.deleted, c.sequences, c.differs, c.delivered, c.revisions, c.shortened)
}
