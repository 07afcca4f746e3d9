package queries_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/queries"
)

// TestFixedKey_isOneThatNothingChanges lets everything happen to a record that
// can, and looks after each act at what it is sorted by. A field is fixed if, and
// only if, nothing changed it.
func TestFixedKey_isOneThatNothingChanges(t *testing.T) {
	r := newRecord(t)
	now := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { now = now.Add(time.Second); return now } // each act has a time of its own
	handler := commands.New(r.log, commands.Options{Clock: clock, Locator: r.Reader})
	merges := merge.New(merge.Options{Log: r.log, Handler: handler, Clock: clock})

	r.sync("A1111AA", "B1111BB", "2021-01-01T00:00:00", "")
	r.waitForProjection()
	found, err := r.OfPrisoner(t.Context(), "A1111AA", 0)
	require.NoError(t, err)
	id := found.Records[0].NonAssociation.ID
	staff := domain.Cause{Actor: "SOMEBODY", Source: domain.DPS}
	byID := func(command domain.Command) func() error {
		return func() error {
			cause := staff
			cause.CommandID = uuid.New()
			receipt, err := handler.ExecuteByID(t.Context(), cause, id, command)
			r.position = receipt.Position.Uint64()
			return err
		}
	}
	comment, name := "other words", domain.LocalDateTime("2020-02-02T00:00:00")
	changed := map[queries.SortField][]string{}
	for _, act := range []struct {
		name string
		do   func() error
	}{
		{"staff amend it", byID(domain.Amend{ID: id, Comment: &comment})},
		{"staff close it", byID(domain.Close{ID: id, ClosedReason: "over"})},
		{"staff reopen it", byID(domain.Reopen{ID: id, ReopenReason: "again"})},
		{"NOMIS amends its beginning", func() error {
			item := domain.Item{ID: id, EffectiveDate: name, TypeCode: domain.TypeWing, ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{
				"A1111AA": domain.CodeVictim, "B1111BB": domain.CodePerpetrator,
			}}
			pair, err := domain.NewPair("A1111AA", "B1111BB")
			require.NoError(t, err)
			told, err := handler.Sync(t.Context(), by(), []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: "A1111AA", Items: []domain.Item{item}}}})
			r.position = told.Position.Uint64()
			return err
		}},
		{"its first prisoner is merged", merging(t, r, merges, "A1111AA", "C1111CC")},
		{"its second prisoner is merged", merging(t, r, merges, "B1111BB", "D1111DD")},
	} {
		before := keysOf(t, r, id)
		require.NoError(t, act.do(), act.name)
		r.waitForProjection()
		after := keysOf(t, r, id)
		require.NotEqual(t, before, after, "%s changes nothing that is sorted by", act.name)
		for _, field := range queries.SortFields() {
			if before[field] != after[field] {
				changed[field] = append(changed[field], act.name)
			}
		}
	}
	for _, field := range queries.SortFields() {
		require.Equal(t, field.IsFixed(), len(changed[field]) == 0, "%s was changed: %v", field, changed[field])
	}
}

// keysOf is what a record is sorted by, as the read model keeps it.
func keysOf(t *testing.T, r *service, id uuid.UUID) map[queries.SortField]string {
	t.Helper()
	p := connect(t, r.dsn)
	keys := map[queries.SortField]string{}
	columns := map[queries.SortField]string{
		queries.ByID: "id", queries.ByWhenCreated: "when_created", queries.ByWhenUpdated: "when_updated",
		queries.ByClosedAt: "expires", queries.ByFirstNumber: "first_number", queries.BySecondNumber: "second_number",
	}
	for _, field := range queries.SortFields() {
		require.Contains(t, columns, field)
		var key string
		require.NoError(t, p.QueryRow(t.Context(), `SELECT `+columns[field]+`::text FROM read.non_association WHERE id = $1`, [16]byte(id)).Scan(&key))
		keys[field] = key
	}
	return keys
}

func merging(t *testing.T, r *service, merges *merge.Process, previous, number domain.PrisonerNumber) func() error {
	t.Helper()
	return func() error {
		cause := domain.Cause{CommandID: uuid.New(), Actor: "MERGER", Source: domain.Merge}
		_, err := merges.Apply(t.Context(), cause, merge.Message{Renumbering: domain.Renumbering{
			Previous: previous, Number: number, Reason: domain.ByMerge,
		}}, r)
		head, errHead := r.commands.Head(t.Context())
		require.NoError(t, errHead)
		r.position = head.Uint64()
		return err
	}
}
