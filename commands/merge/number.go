package merge

import (
	"context"
	"fmt"
	"slices"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// number is the stream of a prisoner number as it was loaded, whole.
type number struct {
	removal domain.Removal
	facts   int
}

func (n number) stream() string { return n.removal.Number.Stream() }

func (n number) expected() eventstore.Expected { return eventstore.Expected(n.facts - 1) }

// number loads the stream of a prisoner number; most have none.
func (p *Process) number(ctx context.Context, of domain.PrisonerNumber) (number, error) {
	numbers, err := p.numbers(ctx, of)
	if err != nil {
		return number{}, err
	}
	return numbers[0], nil
}

// numbers loads the streams of prisoner numbers in one round trip, in their
// order.
func (p *Process) numbers(ctx context.Context, of ...domain.PrisonerNumber) ([]number, error) {
	streams := make([]string, len(of))
	for i, n := range of {
		streams[i] = n.Stream()
	}
	numbers := make([]number, len(of))
	for i, loaded := range p.Log.ReadMany(ctx, streams) {
		if loaded.Err != nil {
			return nil, fmt.Errorf("load %s: %w", streams[i], loaded.Err)
		}
		numbers[i].removal.Number = of[i]
		for _, recorded := range loaded.Events {
			fact, err := p.decode(recorded, uint64(numbers[i].facts)) //nolint:gosec // a count
			if err != nil {
				return nil, fmt.Errorf("load %s: %w", streams[i], err)
			}
			numbers[i].removal = numbers[i].removal.Evolve(fact)
			numbers[i].facts++
		}
	}
	return numbers, nil
}

// decode reads the fact that must be the next one of its stream.
func (p *Process) decode(recorded eventstore.Recorded, revision uint64) (domain.Fact, error) {
	if recorded.Revision != revision {
		return domain.Fact{}, fmt.Errorf("it goes on with revision %d where %d must be: its beginning is gone", recorded.Revision, revision)
	}
	return eventstore.Decode(p.catalogue, recorded)
}

// way is a number and those that it was merged into one after the other; the
// last one survives.
type way []domain.PrisonerNumber

func (w way) end() domain.PrisonerNumber { return w[len(w)-1] }

// via are the removed numbers on the way.
func (w way) via() []domain.PrisonerNumber { return w[:len(w)-1] }

func (w way) passes(number domain.PrisonerNumber) bool { return slices.Contains(w, number) }

// way follows the merges of a number. Where they lead round in a circle, after
// one of them was taken back, the number at which the circle closes counts.
func (p *Process) way(ctx context.Context, from domain.PrisonerNumber) (w way, err error) {
	err = p.untilWon(ctx, func(ctx context.Context) error {
		w = way{from}
		for {
			next, err := p.number(ctx, w.end())
			if err != nil {
				return err
			}
			merging, removed := next.removal.Current()
			if !removed {
				return nil
			}
			if closes := slices.Index(w, merging.Into); closes >= 0 {
				w = w[:closes+1]
				return nil
			}
			w = append(w, merging.Into)
		}
	})
	return w, err
}
