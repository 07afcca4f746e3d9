package past

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/projections"
	"nonassociations/queries"
)

// Model answers what the read model answered at a position, from memory. It implements the
// reads of the API and of the pages, each in the order in which package queries gives it.
type Model struct {
	until    uint64
	folded   *projections.InMemory
	records  []projections.RecordRow // that are not deleted, by when they were created
	byID     map[uuid.UUID]projections.RecordRow
	mappings []projections.MappingRow
	merges   []projections.MergeRow
	facts    []projections.FactRow
}

func newModel(l *log, london *time.Location) (*Model, error) {
	folded, err := projections.FoldInMemory(l.facts, london)
	if err != nil {
		return nil, err
	}
	m := &Model{
		until: l.until, folded: folded, byID: map[uuid.UUID]projections.RecordRow{},
		mappings: folded.Mappings(), merges: folded.Merges(), facts: folded.Facts(),
	}
	for _, row := range folded.Records() {
		m.byID[row.ID] = row
		if !row.Deleted {
			m.records = append(m.records, row)
		}
	}
	slices.SortFunc(m.records, func(a, b projections.RecordRow) int {
		return cmp.Or(cmp.Compare(a.WhenCreated, b.WhenCreated), compareIDs(a.ID, b.ID))
	})
	return m, nil
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// Position returns the position that every answer reflects.
func (m *Model) Position() uint64 { return m.until }

// WaitFor returns queries.ErrBehind for a later position, which is never reached.
func (m *Model) WaitFor(_ context.Context, atLeast uint64) error { return m.reflects(atLeast) }

func (m *Model) reflects(atLeast uint64) error {
	if atLeast > m.until {
		return queries.ErrBehind
	}
	return nil
}

// record returns what a row stands for.
func (m *Model) record(row projections.RecordRow) (queries.Record, error) {
	state, _ := m.folded.State(row.Pair)
	n, is := state.Item(row.ID)
	if !is {
		return queries.Record{}, errors.New("a record is not in the state of its pair")
	}
	return queries.Record{Pair: row.Pair, NonAssociation: n}, nil
}

// recordsOf returns the records of rows.
func (m *Model) recordsOf(rows []projections.RecordRow) ([]queries.Record, error) {
	var all []queries.Record
	for _, row := range rows {
		record, err := m.record(row)
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}

// rows returns the rows that are wanted, by when the records were created.
func (m *Model) rows(wanted func(projections.RecordRow) bool) []projections.RecordRow {
	var all []projections.RecordRow
	for _, row := range m.records {
		if wanted(row) {
			all = append(all, row)
		}
	}
	return all
}

// List implements the reads of the API.
func (m *Model) List(_ context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error) {
	list := queries.List{Document: m.folded.Document(number), Position: m.until}
	if len(m.rows(func(r projections.RecordRow) bool { return r.Pair.Has(number) })) == 0 {
		list.Document = []byte(`{"prisonerNumber":"` + string(number) + `","nonAssociations":[]}`)
		list.Survivor = m.survivor(number)
	}
	return list, m.reflects(atLeast)
}

// One implements the reads of the API and of the pages.
func (m *Model) One(_ context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	found := queries.Records{Position: m.until}
	row, is := m.byID[id]
	if !is || row.Deleted {
		return found, m.reflects(atLeast)
	}
	var err error
	found.Records, err = m.recordsOf([]projections.RecordRow{row})
	return found, errors.Join(err, m.reflects(atLeast))
}

// OfPrisoner implements the reads of the API and of the pages.
func (m *Model) OfPrisoner(_ context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	found := queries.Records{Position: m.until}
	var err error
	found.Records, err = m.recordsOf(m.rows(func(r projections.RecordRow) bool { return r.Pair.Has(number) }))
	if len(found.Records) == 0 {
		found.Survivor = m.survivor(number)
	}
	return found, errors.Join(err, m.reflects(atLeast))
}

// Page implements the reads of the API.
func (m *Model) Page(_ context.Context, of queries.PageRequest) (queries.Page, error) {
	rows := m.rows(func(r projections.RecordRow) bool { return isWanted(r, of.Filter) })
	page := queries.Page{Total: int64(len(rows))}
	page.Position = m.until
	slices.SortFunc(rows, func(a, b projections.RecordRow) int {
		order := cmp.Or(cmp.Compare(columnOf(a, of.By), columnOf(b, of.By)), compareIDs(a.ID, b.ID))
		if of.Descending {
			return -order
		}
		return order
	})
	if of.After != nil {
		rows = slices.DeleteFunc(rows, func(r projections.RecordRow) bool {
			order := compareIDs(r.ID, of.After.ID)
			return order == 0 || (order < 0) != of.Descending
		})
	} else {
		rows = rows[min(of.Offset, int64(len(rows))):]
	}
	shown := rows[:min(of.Size, len(rows))]
	if len(rows) > of.Size {
		page.Next = &queries.Cursor{ID: shown[len(shown)-1].ID}
	}
	var err error
	page.Records.Records, err = m.recordsOf(shown)
	return page, errors.Join(err, m.reflects(of.AtLeast))
}

// columnOf returns what a page is sorted by, "" where the id alone decides.
func columnOf(r projections.RecordRow, by queries.SortField) string {
	switch by {
	case queries.ByWhenCreated:
		return r.WhenCreated
	case queries.ByWhenUpdated:
		return r.WhenUpdated
	case queries.ByClosedAt:
		return r.Expires
	case queries.ByFirstNumber:
		return string(r.First)
	case queries.BySecondNumber:
		return string(r.Second)
	case queries.ByID:
	}
	return ""
}

// isWanted reports whether a filter has a record: closed is one whose day has come.
func isWanted(r projections.RecordRow, wanted queries.Filter) bool {
	if r.Expires < wanted.Today+"U" { // after every time of the day
		return wanted.Closed
	}
	return wanted.Open
}
