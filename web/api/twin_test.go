package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/queries"
)

// twin answers what the read model would, by folding the log each time. Errors
// that a test plants come first.
type twin struct {
	store *memory.Store
	err   error
	wait  error
}

type listed struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []listedItem          `json:"nonAssociations"`
}

type listedItem struct {
	ReasonCode             domain.ReasonCode     `json:"reasonCode"`
	TypeCode               domain.TypeCode       `json:"typeCode"`
	EffectiveDate          domain.LocalDateTime  `json:"effectiveDate"`
	ExpiryDate             *domain.LocalDateTime `json:"expiryDate"`
	AuthorisedBy           *string               `json:"authorisedBy"`
	Comments               *string               `json:"comments"`
	PrisonerNonAssociation listedSide            `json:"prisonerNonAssociation"`
}

type listedSide struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	ReasonCode     domain.ReasonCode     `json:"reasonCode"`
}

func (w *twin) List(ctx context.Context, number domain.PrisonerNumber, _ uint64) (queries.List, error) {
	if w.err != nil {
		return queries.List{}, w.err
	}
	states, head, err := w.fold(ctx)
	if err != nil {
		return queries.List{}, err
	}
	list := listed{PrisonerNumber: number, NonAssociations: []listedItem{}}
	for pair, state := range states {
		for _, n := range state.Items {
			if !pair.Has(number) || n.Deleted {
				continue
			}
			other := pair.Other(number)
			list.NonAssociations = append(list.NonAssociations, listedItem{
				n.Sides[number].ReasonCode, n.TypeCode, n.EffectiveDate, n.ExpiryDate, n.AuthorisedBy, n.Comment,
				listedSide{other, n.Sides[other].ReasonCode},
			})
		}
	}
	slices.SortStableFunc(list.NonAssociations, func(a, b listedItem) int {
		return cmp.Or(cmp.Compare(a.EffectiveDate, b.EffectiveDate), cmp.Compare(a.PrisonerNonAssociation.PrisonerNumber, b.PrisonerNonAssociation.PrisonerNumber))
	})
	document, err := json.Marshal(list)
	if err != nil || len(list.NonAssociations) > 0 {
		return queries.List{Document: document, Position: head}, err
	}
	survivor, err := w.survivor(ctx, number)
	return queries.List{Document: document, Position: head, Survivor: survivor}, err
}

func (w *twin) WaitFor(ctx context.Context, atLeast uint64) error {
	if w.wait != nil {
		return w.wait
	}
	if _, head, err := w.fold(ctx); err != nil || atLeast > head {
		return errors.Join(err, queries.ErrBehind)
	}
	return nil
}

func (w *twin) Position() uint64 {
	_, head, err := w.fold(context.Background())
	if err != nil {
		return 0
	}
	return head
}

func (w *twin) PairOf(ctx context.Context, id uuid.UUID, _ uint64) (domain.Pair, bool, error) {
	states, _, err := w.fold(ctx)
	for pair, state := range states {
		if state.Find(id) >= 0 {
			return pair, true, err
		}
	}
	return domain.Pair{}, false, errors.Join(err, w.err)
}

// PairsOf is in no order that means anything.
func (w *twin) PairsOf(ctx context.Context, number domain.PrisonerNumber, _ uint64) ([]domain.Pair, error) {
	states, _, err := w.fold(ctx)
	var pairs []domain.Pair
	for pair := range states {
		if pair.Has(number) {
			pairs = append(pairs, pair)
		}
	}
	return pairs, errors.Join(err, w.err)
}

func (w *twin) fold(ctx context.Context) (map[domain.Pair]domain.State, uint64, error) {
	events, err := w.store.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1_000_000)
	if err != nil {
		return nil, 0, err
	}
	states, head := map[domain.Pair]domain.State{}, uint64(0)
	for _, recorded := range events {
		if pair, err := eventstore.PairOf(recorded.Stream); err == nil && pair == (domain.Pair{}) {
			head = recorded.Position.Uint64()
			continue
		}
		pair, err := domain.ParseStream(recorded.Stream)
		if err != nil {
			return nil, 0, err
		}
		fact, err := eventstore.Decode(domain.Events(), recorded)
		if err != nil {
			return nil, 0, err
		}
		state, known := states[pair]
		if !known {
			state.Pair = pair
		}
		states[pair], head = domain.Evolve(state, fact), recorded.Position.Uint64()
	}
	return states, head, nil
}
