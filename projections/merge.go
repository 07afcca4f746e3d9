package projections

import (
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

const (
	putMergesSQL = `INSERT INTO {schema}.merge (message, removed, survivor, position)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT (message) DO NOTHING`
	takeBackSQL = `UPDATE {schema}.merge SET taken_back = true WHERE message = ANY($1::uuid[])`
)

// merges are the changes of a batch to the table merge, column by column.
type merges struct {
	messages          [][16]byte
	removed, survivor []string
	positions         []int64
	takenBack         [][16]byte
}

// add takes a fact of a prisoner number. Facts of pairs change nothing here. A merge is
// taken back only after it was recorded, so a batch may insert all of its merges before
// it takes any back.
func (m *merges) add(f *fact) {
	switch e := f.Event.(type) {
	case domain.PrisonerMerged:
		m.messages = append(m.messages, [16]byte(f.Meta.CommandID))
		m.removed, m.survivor = append(m.removed, string(e.Previous)), append(m.survivor, string(e.Number))
		m.positions = append(m.positions, int64(f.Position.Commit)) //nolint:gosec // positions stay below 2⁶³
	case domain.PrisonerUnmerged:
		m.takenBack = append(m.takenBack, [16]byte(e.Message))
	default:
	}
}

// none reports whether there is nothing to write.
func (m merges) none() bool { return len(m.messages)+len(m.takenBack) == 0 }

// queue adds the statements. A merge that is recorded twice keeps its first row: the
// second message of a known merge appends no fact, and a replayed one changes nothing.
func (m merges) queue(batch *pgx.Batch, g Generation) {
	if len(m.messages) > 0 {
		batch.Queue(g.SQL(putMergesSQL), m.messages, m.removed, m.survivor, m.positions)
	}
	if len(m.takenBack) > 0 {
		batch.Queue(g.SQL(takeBackSQL), m.takenBack)
	}
}
