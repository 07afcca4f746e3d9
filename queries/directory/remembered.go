package directory

import (
	"context"
	"fmt"
	"slices"

	"nonassociations/domain"
)

// Remembered is what memory says of numbers, and whether it says something of
// each: who it is, or that nobody is known. It asks nobody.
func (d *Directory) Remembered(numbers []domain.PrisonerNumber) (_ map[domain.PrisonerNumber]Prisoner, whole bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, whole := map[domain.PrisonerNumber]Prisoner{}, true
	for _, number := range numbers {
		answer, remembered := d.known.get(number)
		if answer.known {
			found[number] = answer.prisoner
		}
		whole = whole && remembered
	}
	return found, whole
}

// FindNow looks up numbers as Find does, but takes nothing from memory, and
// joins no question that was asked before: what it says was said after it was
// called. Errors: as Find.
func (d *Directory) FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	found := map[domain.PrisonerNumber]Prisoner{}
	questions, err := d.begun(numbers)
	if err != nil {
		return found, err
	}
	return found, collect(ctx, questions, found)
}

func (d *Directory) begun(numbers []domain.PrisonerNumber) (map[*lookup][]domain.PrisonerNumber, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("%w: closed", ErrUnavailable)
	}
	questions := map[*lookup][]domain.PrisonerNumber{}
	for chunk := range slices.Chunk(distinct(numbers), maxNumbers) {
		questions[d.begin(chunk)] = chunk
	}
	return questions, nil
}

// collect waits for questions, and adds what was found of the numbers that are
// wanted of each; the first error is that of the whole.
func collect(ctx context.Context, questions map[*lookup][]domain.PrisonerNumber, into map[domain.PrisonerNumber]Prisoner) (err error) {
	for q, wanted := range questions {
		select {
		case <-q.answered:
		case <-ctx.Done():
			return fmt.Errorf("ask the prisoner directory: %w", ctx.Err())
		}
		if err == nil {
			err = q.err
		}
		for _, number := range wanted {
			if prisoner, known := q.found[number]; known {
				into[number] = prisoner
			}
		}
	}
	return err
}

func distinct(numbers []domain.PrisonerNumber) []domain.PrisonerNumber {
	return slices.Compact(slices.Sorted(slices.Values(numbers)))
}
