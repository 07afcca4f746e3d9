package projections

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// line is a row of read_1.non_association without its id.
type line struct {
	pair                     domain.Pair
	first, second            domain.PrisonerNumber
	whenCreated, whenUpdated string
	expires                  string
	hidden                   bool
}

// place is a non-association in the stream of a pair. For a moment of a merge
// it is in two; its line is that of the pair in which it arrived last.
type place struct {
	id   uuid.UUID
	pair domain.Pair
}

// changesLine tells whether an event that adds nothing may change a line.
func changesLine(e domain.Event) bool {
	switch e.(type) {
	case domain.Ignored, domain.SequenceLearned, domain.SequenceReleased:
		return false
	default:
		return true
	}
}

// draw makes the lines of what a batch began and changed.
func (r rows) draw(owner map[uuid.UUID]*pairRow, touched map[place]struct{}) {
	for id, row := range owner {
		r.opened[id] = lineOf(row.state, id, r.london)
	}
	for at := range touched {
		if _, drawn := r.opened[at.id]; !drawn {
			r.changed[at] = lineOf(r.pairs[at.pair].state, at.id, r.london)
		}
	}
}

const never = "never"

// lineOf is the line of one in the state of its pair. One that has left without
// having arrived anywhere keeps a line, so that the way to its pair is found.
func lineOf(s domain.State, id uuid.UUID, london *time.Location) line {
	numbers := s.Pair.Numbers()
	l := line{pair: s.Pair, first: numbers[0], second: numbers[1], expires: never, hidden: true}
	i := s.Find(id)
	if i < 0 {
		return l
	}
	n := s.Items[i]
	if n.NamedFirst == l.second {
		l.first, l.second = l.second, l.first
	}
	l.whenCreated, l.hidden = whenCreated(n, london), n.Deleted
	l.whenUpdated = n.UpdatedAt.UTC().Format("2006-01-02T15:04:05.999999")
	if n.ExpiryDate != nil {
		l.expires = string(*n.ExpiryDate)
	}
	return l
}

// whenCreated sorts as the answers' whenCreated does.
func whenCreated(n domain.NonAssociation, london *time.Location) string {
	opened := n.OpenedAt.In(london) // facts are told in UTC
	if n.Born == domain.DPS && domain.Local(opened) == n.EffectiveDate {
		return string(n.EffectiveDate) + opened.Format(".999999")
	}
	return string(n.EffectiveDate)
}

const lineColumnNames = "id pair first_number second_number when_created when_updated expires hidden"

func (l line) values(id uuid.UUID) []any {
	return []any{
		[16]byte(id), l.pair.String(), string(l.first), string(l.second), l.whenCreated, l.whenUpdated, l.expires, l.hidden,
	}
}

const (
	linesSQL = `unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[])`

	// A pair that a record has left for another has no say in its line any more.
	changeLinesSQL = `UPDATE read_1.non_association n SET first_number = l.first_number, second_number = l.second_number,
			when_created = l.when_created, when_updated = l.when_updated, expires = l.expires, hidden = l.hidden
		FROM ` + linesSQL + `
			l(id, pair, first_number, second_number, when_created, when_updated, expires, hidden)
		WHERE n.id = l.id AND n.pair = l.pair`
)

func (r rows) queueLines(batch *pgx.Batch, with statements) {
	if len(r.opened) > 0 {
		var c lineColumns
		for id, l := range r.opened {
			c.add(id, l)
		}
		batch.Queue(with.lines, c.arguments()...)
	}
	if len(r.changed) > 0 {
		var c lineColumns
		for at, l := range r.changed {
			c.add(at.id, l)
		}
		batch.Queue(changeLinesSQL, c.arguments()...)
	}
}

// lineColumns are lines turned on their side, as unnest takes them.
type lineColumns struct {
	ids    [][16]byte // as uuid.UUID they would travel by way of texts
	texts  [6][]string
	hidden []bool
}

func (c *lineColumns) add(id uuid.UUID, l line) {
	c.ids, c.hidden = append(c.ids, [16]byte(id)), append(c.hidden, l.hidden)
	for i, text := range []string{
		l.pair.String(), string(l.first), string(l.second), l.whenCreated, l.whenUpdated, l.expires,
	} {
		c.texts[i] = append(c.texts[i], text)
	}
}

func (c *lineColumns) arguments() []any {
	all := []any{c.ids}
	for _, column := range c.texts {
		all = append(all, column)
	}
	return append(all, c.hidden)
}
