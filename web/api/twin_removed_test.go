package api_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"strconv"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/queries"
)

// removals are the numbers that were ever removed, as their streams tell.
func (w *twin) removals(ctx context.Context) (map[domain.PrisonerNumber]domain.Removal, error) {
	events, err := w.store.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1_000_000)
	if err != nil {
		return nil, err
	}
	removals := map[domain.PrisonerNumber]domain.Removal{}
	for _, recorded := range events {
		number, err := domain.ParsePrisonerStream(recorded.Stream)
		if err != nil {
			continue // of a pair
		}
		fact, err := eventstore.Decode(domain.Events(), recorded)
		if err != nil {
			return nil, err
		}
		removal := removals[number]
		removal.Number = number
		removals[number] = removal.Evolve(fact)
	}
	return removals, nil
}

// way is a number and those that it was merged into. Tests here make no circle.
func (w *twin) way(ctx context.Context, number domain.PrisonerNumber) ([]domain.PrisonerNumber, error) {
	if w.err != nil {
		return nil, w.err
	}
	removals, err := w.removals(ctx)
	way := []domain.PrisonerNumber{number}
	for {
		merging, removed := removals[way[len(way)-1]].Current()
		if !removed {
			return way, err
		}
		way = append(way, merging.Into)
	}
}

// survivor is the end of a removed number's way, "" of others.
func (w *twin) survivor(ctx context.Context, number domain.PrisonerNumber) (domain.PrisonerNumber, error) {
	way, err := w.way(ctx, number)
	if err != nil || len(way) == 1 {
		return "", err
	}
	return way[len(way)-1], nil
}

// names are all names of the prisoners of a group, and how many they are.
func (w *twin) names(ctx context.Context, numbers []domain.PrisonerNumber) (names []domain.PrisonerNumber, prisoners int, err error) {
	ends := map[domain.PrisonerNumber]bool{}
	for _, number := range numbers {
		way, err := w.way(ctx, number)
		if err != nil {
			return nil, 0, err
		}
		names, ends[way[len(way)-1]] = append(names, way...), true
	}
	return names, len(ends), nil
}

// MergedWith is in no order that means anything.
func (w *twin) MergedWith(ctx context.Context, number domain.PrisonerNumber, _ uint64) ([]domain.PrisonerNumber, error) {
	if w.err != nil {
		return nil, w.err
	}
	removals, err := w.removals(ctx)
	var merged []domain.PrisonerNumber
	for removed, removal := range removals {
		into := func(m domain.Merging) bool { return m.Into == number }
		if removed == number || slices.ContainsFunc(removal.Merges, into) {
			merged = append(merged, removed)
		}
	}
	return merged, err
}

func (w *twin) RemovedInto(ctx context.Context, number domain.PrisonerNumber, _ uint64) ([]domain.PrisonerNumber, error) {
	if w.err != nil {
		return nil, w.err
	}
	removals, err := w.removals(ctx)
	var into []domain.PrisonerNumber
	for removed := range removals {
		way, err := w.way(ctx, removed)
		if err != nil {
			return nil, err
		}
		if removed != number && slices.Contains(way, number) {
			into = append(into, removed)
		}
	}
	return into, err
}

// Version is another one at each position.
func (w *twin) Version(ctx context.Context, _ uint64) (queries.Version, uint64, error) {
	found, err := w.records(ctx, func(queries.Record) bool { return false })
	return queries.Version{Trail: sha256.Sum256(strconv.AppendUint(nil, found.Position, 10))}, found.Position, err
}

// OpenOf follows merges forwards, as tests here need them.
func (w *twin) OpenOf(ctx context.Context, numbers []domain.PrisonerNumber, today string, _ uint64) (queries.OpenRecords, error) {
	open := queries.OpenRecords{Names: map[domain.PrisonerNumber]domain.PrisonerNumber{}, Survivors: map[domain.PrisonerNumber]domain.PrisonerNumber{}}
	names := slices.Clone(numbers)
	for _, number := range numbers {
		way, err := w.way(ctx, number)
		if err != nil {
			return open, err
		}
		for _, name := range way[1:] {
			names, open.Names[name], open.Survivors[number] = append(names, name), number, way[len(way)-1]
		}
	}
	found, err := w.records(ctx, func(r queries.Record) bool {
		return !r.NonAssociation.IsClosed(today) && slices.ContainsFunc(names, r.Pair.Has)
	})
	open.Position = found.Position
	for _, r := range found.Records {
		n := r.NonAssociation
		open.Records = append(open.Records, domain.OpenRecord{
			ID: n.ID, Pair: r.Pair, Reason: n.Reason, Restriction: n.Restriction, TypeCode: n.TypeCode, EffectiveDate: n.EffectiveDate,
		})
	}
	return open, err
}
