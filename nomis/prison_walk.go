package nomis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/queries"
)

// Place is where the directory places a prisoner.
type Place struct {
	PrisonID domain.PrisonID
	Name     string // of the prison; "" when it is not known
}

// PrisonWalk is what a walk over the prisoners with live records needs. All fields must
// be set.
type PrisonWalk struct {
	// Live returns the next live records by id, as [queries.Reader.Live] does.
	Live func(ctx context.Context, today string, after uuid.UUID, most int) ([]queries.LiveRecord, error)
	// Places returns the places of prisoners. Those that the directory does not know are
	// left out. An error means that one of them was not looked up.
	Places func(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Place, error)
	Store  PrisonStore
	Clock  func() time.Time // in Europe/London
}

// walkChunk is the most records of one step: their prisoners fit one request to the
// directory.
const walkChunk = 500

// Renew looks up where every prisoner with a live record is. It stores the prisons, and
// how many open non-associations have a prisoner there. One with its two prisoners in
// two prisons counts in both. A step that fails ends the walk with its error: prisons
// seen until then are stored, and the counts stay those of the walk before. Memory does
// not grow with the records.
func (w PrisonWalk) Renew(ctx context.Context) error {
	began, seen := w.Clock(), map[domain.PrisonID]store.SeenPrison{}
	failed := w.walk(ctx, domain.Today(began), seen)
	prisons := make([]store.SeenPrison, 0, len(seen))
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		prisons = append(prisons, seen[id])
	}
	keep := w.Store.CountPrisons
	if failed != nil {
		keep = w.Store.SeePrisons
	}
	if err := keep(ctx, began, prisons...); err != nil && failed == nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("renew the known prisons: %w", failed)
	}
	return nil
}

func (w PrisonWalk) walk(ctx context.Context, today string, seen map[domain.PrisonID]store.SeenPrison) error {
	last := uuid.Nil
	for {
		records, err := w.Live(ctx, today, last, walkChunk)
		if err != nil || len(records) == 0 {
			return err
		}
		var numbers []domain.PrisonerNumber
		for _, r := range records {
			one, other := r.Pair.Numbers()[0], r.Pair.Numbers()[1]
			numbers = append(numbers, one, other)
		}
		slices.Sort(numbers)
		places, err := w.Places(ctx, slices.Compact(numbers))
		for _, r := range records {
			countIn(seen, r, places)
		}
		if err != nil {
			return err
		}
		last = records[len(records)-1].ID
	}
}

// countIn counts a record in the prisons of its prisoners.
func countIn(seen map[domain.PrisonID]store.SeenPrison, r queries.LiveRecord, places map[domain.PrisonerNumber]Place) {
	counted := domain.PrisonID("")
	for _, number := range r.Pair.Numbers() {
		place := places[number]
		id, err := domain.ParsePrisonID(strings.TrimSpace(string(place.PrisonID)))
		if err != nil || id == counted {
			continue // in no prison, or both in one
		}
		counted = id
		prison := seen[id]
		prison.ID = id
		if place.Name != "" {
			prison.Name = place.Name
		}
		if r.Open {
			prison.Open++
		}
		seen[id] = prison
	}
}
