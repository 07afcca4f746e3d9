package api_test

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/queries"
)

// exchanged is what the log says of the records and NOMIS.
type exchanged struct {
	mappings   []queries.Mapping
	deliveries map[uuid.UUID]queries.Delivery
	position   uint64
}

// exchanges folds the log for mappings and deliveries.
func (w *twin) exchanges(ctx context.Context) (exchanged, error) {
	x := exchanged{deliveries: map[uuid.UUID]queries.Delivery{}}
	events, err := w.store.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1_000_000)
	if err = errors.Join(err, w.err); err != nil {
		return x, err
	}
	foldings, standings := map[domain.Pair]*domain.Folding{}, map[domain.Pair]*domain.Standings{}
	for _, recorded := range events {
		f, err := eventstore.Read(domain.Events(), recorded)
		if err != nil {
			return x, err
		}
		x.position = f.Position.Uint64()
		if !f.OfPair() {
			continue
		}
		if foldings[f.Pair] == nil {
			foldings[f.Pair], standings[f.Pair] = domain.NewFolding(domain.State{Pair: f.Pair}), &domain.Standings{}
		}
		folding, id := foldings[f.Pair], f.Event.About()
		index := folding.Index(id)
		before := foundIn(folding, id)
		folding.Add(f.Fact)
		changes := standings[f.Pair].Add(f.Fact, domain.Recorded{Revision: f.Revision, At: f.RecordedAt}, index, before, foundIn(folding, id))
		x.note(f, changes)
	}
	for pair, folding := range foldings {
		for i, s := range *standings[pair] {
			x.deliveries[s.ID] = deliveryOf(folding.At(i), pair, s)
		}
	}
	return x, nil
}

func foundIn(folding *domain.Folding, id uuid.UUID) *domain.NonAssociation {
	if n, there := folding.Find(id); there {
		return &n
	}
	return nil
}

func (x *exchanged) note(f eventstore.Fact, changes []domain.MappingChange) {
	for _, change := range changes {
		if change.TypeSequence != 0 {
			x.mappings = append(x.mappings, queries.Mapping{
				NonAssociationID: change.ID, Pair: f.Pair, TypeSequence: change.TypeSequence, Type: change.Type,
				Correlation: f.Meta.CorrelationID, Since: f.RecordedAt,
			})
			continue
		}
		for i := range x.mappings {
			if m := &x.mappings[i]; m.NonAssociationID == change.ID && m.Pair == f.Pair && m.Until == nil {
				m.Until = &f.RecordedAt
			}
		}
	}
}

func deliveryOf(n domain.NonAssociation, pair domain.Pair, s domain.Standing) queries.Delivery {
	d := queries.Delivery{
		NonAssociationID: n.ID, Pair: pair, Deleted: n.Deleted, EffectiveDay: n.EffectiveDate.Date(), Shortened: n.IsShortened(),
	}
	if s.Mapped != 0 {
		d.TypeSequence = &s.Mapped
	}
	if !s.Differs.IsZero() {
		d.DiffersSince = &s.Differs
	}
	if !s.Delivery.At.IsZero() {
		d.DeliveredAt, d.Revision = &s.Delivery.At, &s.Delivery.Revision
	}
	return d
}

func (w *twin) mapped(ctx context.Context, is func(m queries.Mapping) bool) (queries.Mappings, error) {
	x, err := w.exchanges(ctx)
	found := queries.Mappings{Position: x.position}
	for _, m := range x.mappings {
		if is(m) {
			found.Mappings = append(found.Mappings, m)
		}
	}
	return found, err
}

func (w *twin) MappingOf(ctx context.Context, id uuid.UUID, _ uint64) (queries.Mappings, error) {
	return w.mapped(ctx, func(m queries.Mapping) bool { return m.NonAssociationID == id && m.Until == nil })
}

func (w *twin) MappingBySequence(ctx context.Context, pair domain.Pair, sequence int, _ uint64) (queries.Mappings, error) {
	return w.mapped(ctx, func(m queries.Mapping) bool { return m.Pair == pair && m.TypeSequence == sequence && m.Until == nil })
}

func (w *twin) MappingHistory(ctx context.Context, id uuid.UUID, _ uint64) (queries.Mappings, error) {
	return w.mapped(ctx, func(m queries.Mapping) bool { return m.NonAssociationID == id })
}

func (w *twin) LatestMigrated(ctx context.Context, _ uint64) (queries.Mappings, error) {
	found, err := w.mapped(ctx, func(m queries.Mapping) bool { return m.Type == domain.MappingMigrated && m.Until == nil })
	slices.Reverse(found.Mappings)
	return found, err
}

func (w *twin) Migrated(ctx context.Context, of queries.MigratedRequest) (queries.MigratedPage, error) {
	found, err := w.mapped(ctx, func(m queries.Mapping) bool {
		return m.Type == domain.MappingMigrated && m.Until == nil && m.Correlation == of.Migration
	})
	page := queries.MigratedPage{Mappings: found, Total: int64(len(found.Mappings))}
	from := min(int(of.Offset), len(found.Mappings))
	page.Mappings.Mappings = found.Mappings[from:min(from+of.Size, len(found.Mappings))]
	return page, err
}

func (w *twin) Delivery(ctx context.Context, id uuid.UUID, _ uint64) (queries.Deliveries, error) {
	x, err := w.exchanges(ctx)
	found := queries.Deliveries{Position: x.position}
	if d, there := x.deliveries[id]; there {
		found.Deliveries = []queries.Delivery{d}
	}
	return found, err
}
