package projections

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// recordRow is a row of read_1.non_association without its id.
type recordRow struct {
	pair                     domain.Pair
	first, second            domain.PrisonerNumber
	whenCreated, whenUpdated string
	expires                  string
	deleted                  bool
}

// rowKey is a non-association in the stream of a pair. For a moment of a merge
// it is in two; its line is that of the pair in which it arrived last.
type rowKey struct {
	id   uuid.UUID
	pair domain.Pair
}

// changesRecordRow tells whether an event that adds nothing may change a line.
func changesRecordRow(e domain.Event) bool {
	switch e.(type) {
	case domain.Ignored, domain.SequenceLearned, domain.SequenceReleased:
		return false
	default:
		return true
	}
}

// recordRows makes the lines of what a batch began and changed.
func (r rows) recordRows(owner map[uuid.UUID]*pairRow, touched map[rowKey]struct{}) {
	for id, row := range owner {
		r.opened[id] = recordRowOf(row.state, id, r.london)
	}
	for at := range touched {
		if _, drawn := r.opened[at.id]; !drawn {
			r.changed[at] = recordRowOf(r.pairs[at.pair].state, at.id, r.london)
		}
	}
}

const never = "never"

// recordRowOf is the line of one in the state of its pair. One that has left without
// having arrived anywhere keeps a line, so that the way to its pair is found.
func recordRowOf(s domain.State, id uuid.UUID, london *time.Location) recordRow {
	numbers := s.Pair.Numbers()
	l := recordRow{pair: s.Pair, first: numbers[0], second: numbers[1], expires: never, deleted: true}
	i := s.Find(id)
	if i < 0 {
		return l
	}
	n := s.Items[i]
	if n.FirstPrisoner == l.second {
		l.first, l.second = l.second, l.first
	}
	l.whenCreated, l.deleted = whenCreated(n, london), n.Deleted
	l.whenUpdated = n.UpdatedAt.UTC().Format("2006-01-02T15:04:05.999999")
	if n.ExpiryDate != nil {
		l.expires = string(*n.ExpiryDate)
	}
	return l
}

// whenCreated sorts as the answers' whenCreated does.
func whenCreated(n domain.NonAssociation, london *time.Location) string {
	opened := n.OpenedAt.In(london) // facts are told in UTC
	if n.CreatedSource == domain.DPS && domain.Local(opened) == n.EffectiveDate {
		return string(n.EffectiveDate) + opened.Format(".999999")
	}
	return string(n.EffectiveDate)
}

const recordColumnNames = "id pair first_number second_number when_created when_updated expires hidden"

func (l recordRow) values(id uuid.UUID) []any {
	return []any{
		[16]byte(id), l.pair.String(), string(l.first), string(l.second), l.whenCreated, l.whenUpdated, l.expires, l.deleted,
	}
}

const (
	recordsSQL = `unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[])`

	// A pair that a record has left for another has no say in its line any more.
	changeRecordsSQL = `UPDATE read_1.non_association n SET first_number = l.first_number, second_number = l.second_number,
			when_created = l.when_created, when_updated = l.when_updated, expires = l.expires, hidden = l.hidden
		FROM ` + recordsSQL + `
			l(id, pair, first_number, second_number, when_created, when_updated, expires, hidden)
		WHERE n.id = l.id AND n.pair = l.pair`
)

func (r rows) queueRecordRows(batch *pgx.Batch, with statements) {
	if len(r.opened) > 0 {
		var c recordColumns
		for id, l := range r.opened {
			c.add(id, l)
		}
		batch.Queue(with.records, c.arguments()...)
	}
	if len(r.changed) > 0 {
		var c recordColumns
		for at, l := range r.changed {
			c.add(at.id, l)
		}
		batch.Queue(changeRecordsSQL, c.arguments()...)
	}
}

// recordColumns are lines turned on their side, as unnest takes them.
type recordColumns struct {
	ids     [][16]byte // as uuid.UUID they would travel by way of texts
	texts   [6][]string
	deleted []bool
}

func (c *recordColumns) add(id uuid.UUID, l recordRow) {
	c.ids, c.deleted = append(c.ids, [16]byte(id)), append(c.deleted, l.deleted)
	for i, text := range []string{
		l.pair.String(), string(l.first), string(l.second), l.whenCreated, l.whenUpdated, l.expires,
	} {
		c.texts[i] = append(c.texts[i], text)
	}
}

func (c *recordColumns) arguments() []any {
	all := []any{c.ids}
	for _, column := range c.texts {
		all = append(all, column)
	}
	return append(all, c.deleted)
}
