package api_test

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/queries"
)

// records are those that are not deleted and that a test keeps, the oldest
// first.
func (w *twin) records(ctx context.Context, keep func(queries.Record) bool) (queries.Records, error) {
	if w.err != nil {
		return queries.Records{}, w.err
	}
	states, head, err := w.fold(ctx)
	found := queries.Records{Position: head}
	for pair, state := range states {
		for _, n := range state.Items {
			record := queries.Record{Pair: pair, NonAssociation: n}
			if !n.Deleted && keep(record) {
				found.Records = append(found.Records, record)
			}
		}
	}
	slices.SortFunc(found.Records, func(a, b queries.Record) int {
		one, other := a.NonAssociation, b.NonAssociation
		return cmp.Or(cmp.Compare(one.EffectiveDate, other.EffectiveDate), slices.Compare(one.ID[:], other.ID[:]))
	})
	return found, err
}

func (w *twin) One(ctx context.Context, id uuid.UUID, _ uint64) (queries.Records, error) {
	return w.records(ctx, func(r queries.Record) bool { return r.NonAssociation.ID == id })
}

func (w *twin) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, _ uint64) (queries.Records, error) {
	found, err := w.records(ctx, func(r queries.Record) bool { return r.Pair.Has(number) })
	if err == nil && len(found.Records) == 0 {
		found.Survivor, err = w.survivor(ctx, number)
	}
	return found, err
}

func (w *twin) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	numbers, prisoners, err := w.names(ctx, numbers)
	if err != nil {
		return queries.Group{}, err
	}
	if prisoners < 2 {
		return queries.Group{}, queries.ErrOnePrisoner
	}
	return groupOf(w.records(ctx, func(r queries.Record) bool {
		both := r.Pair.Numbers()
		return isWanted(r, wanted) && slices.Contains(numbers, both[0]) && slices.Contains(numbers, both[1])
	}))
}

func (w *twin) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	numbers, _, err := w.names(ctx, numbers)
	if err != nil {
		return queries.Group{}, err
	}
	return groupOf(w.records(ctx, func(r queries.Record) bool {
		return isWanted(r, wanted) && slices.ContainsFunc(numbers, r.Pair.Has)
	}))
}

// groupOf is a group of records that are there already.
func groupOf(found queries.Records, err error) (queries.Group, error) {
	return queries.Group{
		Position: found.Position, Close: func() {},
		Each: func(_ context.Context, most int, do func(queries.Record) error) error {
			for i, record := range found.Records {
				if most > 0 && i == most {
					break
				}
				if err := do(record); err != nil {
					return err
				}
			}
			return nil
		},
	}, err
}

// Page sorts by id or by whenCreated; the other fields are proved with the
// read model itself.
func (w *twin) Page(ctx context.Context, of queries.PageRequest) (queries.Page, error) {
	all, err := w.records(ctx, func(r queries.Record) bool { return isWanted(r, of.Filter) })
	page := queries.Page{Total: int64(len(all.Records))}
	page.Position = all.Position
	slices.SortFunc(all.Records, func(a, b queries.Record) int {
		c := cmp.Or(cmp.Compare(sortKeyOf(a, of.By), sortKeyOf(b, of.By)), compareIDs(a, b.NonAssociation.ID))
		if of.Descending {
			return -c
		}
		return c
	})
	rest := all.Records
	if of.After != nil {
		rest = slices.DeleteFunc(rest, func(r queries.Record) bool {
			c := compareIDs(r, of.After.ID)
			return c == 0 || (c < 0) != of.Descending
		})
	} else {
		rest = rest[min(int(of.Offset), len(rest)):]
	}
	page.Records.Records = rest[:min(of.Size, len(rest))]
	if len(rest) > of.Size {
		page.Next = &queries.Cursor{ID: rest[of.Size-1].NonAssociation.ID}
	}
	return page, err
}

func isWanted(r queries.Record, wanted queries.Filter) bool {
	closed := r.NonAssociation.IsClosed(wanted.Today)
	return closed && wanted.Closed || !closed && wanted.Open
}

// sortKeyOf is empty where the id alone decides.
func sortKeyOf(r queries.Record, by queries.SortField) string {
	if by == queries.ByWhenCreated {
		return string(r.NonAssociation.EffectiveDate)
	}
	return ""
}

func compareIDs(r queries.Record, id uuid.UUID) int {
	return slices.Compare(r.NonAssociation.ID[:], id[:])
}
