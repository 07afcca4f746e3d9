package merge

import (
	"context"
	"fmt"
	"slices"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// number is a complete stream of a prisoner number as it was loaded.
type number struct {
	removal domain.Removal
	folding *eventstore.Folding // for revisions and times only; its state is unused
}

// stream returns the name of the stream.
func (n number) stream() string { return n.removal.Number.Stream() }

// expected returns the revision at which the next fact must be appended.
func (n number) expected() eventstore.Expected { return n.folding.Expected() }

// number loads the stream of a prisoner number. A number that was never merged has no
// stream, and no merges.
func (p *Process) number(ctx context.Context, of domain.PrisonerNumber) (number, error) {
	numbers, err := p.numbers(ctx, of)
	if err != nil {
		return number{}, err
	}
	return numbers[0], nil
}

// numbers loads the streams of prisoner numbers in one round trip, in the order of the
// numbers.
func (p *Process) numbers(ctx context.Context, of ...domain.PrisonerNumber) ([]number, error) {
	streams := make([]string, len(of))
	for i, n := range of {
		streams[i] = n.Stream()
	}
	loaded, numbers := p.Log.ReadMany(ctx, streams), make([]number, len(of))
	for i, name := range of {
		n := number{removal: domain.Removal{Number: name}, folding: eventstore.NewFolding(domain.Pair{})}
		err := p.each(ctx, streams[i], loaded[i], func(fact eventstore.Fact) error {
			n.removal = n.removal.Evolve(fact.Fact)
			return n.folding.Add(fact)
		})
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", streams[i], err)
		}
		numbers[i] = n
	}
	return numbers, nil
}

// mergePath is a prisoner number followed by the numbers that it was merged into, one
// after the other. It is never empty.
type mergePath []domain.PrisonerNumber

// survivor is the last number of the path, which is not removed.
func (w mergePath) survivor() domain.PrisonerNumber { return w[len(w)-1] }

// via returns the removed numbers of the path.
func (w mergePath) via() []domain.PrisonerNumber { return w[:len(w)-1] }

// contains reports whether the path goes through a number.
func (w mergePath) contains(number domain.PrisonerNumber) bool { return slices.Contains(w, number) }

// mergePathOf follows the merges of a number. An unmerge may leave merges that form a
// circle. The path then ends at the number where the circle closes, so that it is
// finite and every process finds the same end.
func (p *Process) mergePathOf(ctx context.Context, from domain.PrisonerNumber) (w mergePath, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		w = mergePath{from}
		for {
			next, err := p.number(ctx, w.survivor())
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
