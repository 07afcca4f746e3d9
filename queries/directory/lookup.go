package directory

import (
	"context"
	"fmt"
	"slices"

	"nonassociations/domain"
)

// maxNumbers is how many numbers the service takes in one request.
const maxNumbers = 1000

// lookup is one request to the service. Everybody who needs one of its
// numbers waits for it, and nobody who leaves ends it for the others.
type lookup struct {
	numbers  []domain.PrisonerNumber
	answered chan struct{} // closed when the rest is set
	found    map[domain.PrisonerNumber]Prisoner
	err      error
}

// prepare takes what is remembered and trusted, joins the questions that are under way and
// asks the others. It gives each question to wait for with the numbers wanted.
func (d *Directory) prepare(numbers []domain.PrisonerNumber, trusts func(answer) bool) (
	map[domain.PrisonerNumber]Prisoner, map[*lookup][]domain.PrisonerNumber, error,
) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, questions := map[domain.PrisonerNumber]Prisoner{}, map[*lookup][]domain.PrisonerNumber{}
	if d.closed {
		return found, nil, fmt.Errorf("%w: closed", ErrUnavailable)
	}
	var unasked []domain.PrisonerNumber
	for _, number := range distinct(numbers) {
		answer, remembered := d.known.get(number)
		switch q := d.inFlight[number]; {
		case remembered && trusts(answer):
			if answer.known {
				found[number] = answer.prisoner
			}
		case q != nil:
			questions[q] = append(questions[q], number)
		default:
			unasked = append(unasked, number)
		}
	}
	for chunk := range slices.Chunk(unasked, maxNumbers) {
		questions[d.begin(chunk)] = chunk
	}
	return found, questions, nil
}

// begin sends a question on its way; the caller holds the lock.
func (d *Directory) begin(numbers []domain.PrisonerNumber) *lookup {
	q := &lookup{numbers: numbers, answered: make(chan struct{})}
	for _, number := range numbers {
		d.inFlight[number] = q
	}
	d.running.Go(func() {
		defer close(q.answered)
		q.found, q.err = d.send(q.numbers)
		d.cacheAnswers(q)
	})
	return q
}

// cacheAnswers keeps what was said, unless the number has been asked for again
// meanwhile: the later question has the later word.
func (d *Directory) cacheAnswers(q *lookup) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, number := range q.numbers {
		if d.inFlight[number] != q {
			continue
		}
		delete(d.inFlight, number)
		prisoner, known := q.found[number]
		if known || q.err == nil {
			d.known.put(number, answer{prisoner, known})
		}
	}
}

// send puts one question within the patience of one request: it begins no later
// than whoever waits for it.
func (d *Directory) send(numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.options.Timeout)
	defer cancel()
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: too much is being asked", ErrUnavailable)
	}
	allowed, trial := d.breaker.allow()
	if !allowed {
		return nil, fmt.Errorf("%w: it failed and is left alone for a moment", ErrUnavailable)
	}
	found, err := d.service.find(ctx, numbers)
	if d.ctx.Err() == nil { // what ends with the directory says nothing of the service
		d.breaker.record(trial, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !found.whole {
		return found.prisoners, fmt.Errorf("%w: part of its answer cannot be read", ErrUnavailable)
	}
	return found.prisoners, nil
}
