package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/sony/gobreaker/v2"

	"nonassociations/domain"
)

// maxNumbers is how many numbers the service takes in one request.
const maxNumbers = 1000

// lookup is one request to the service. All callers that need one of its numbers wait
// for it, so that concurrent misses of a number cause one request. A caller that leaves
// does not end it for the others.
type lookup struct {
	numbers  []domain.PrisonerNumber
	answered chan struct{} // closed when the fields below are set
	found    map[domain.PrisonerNumber]Prisoner
	err      error
}

// prepare takes the answers that are cached and usable, joins the lookups under way, and
// starts lookups of the other numbers. It returns each lookup to wait for, with the
// numbers that are wanted of it.
func (d *Directory) prepare(numbers []domain.PrisonerNumber, usable func(answer) bool) (
	map[domain.PrisonerNumber]Prisoner, map[*lookup][]domain.PrisonerNumber, error,
) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, lookups := map[domain.PrisonerNumber]Prisoner{}, map[*lookup][]domain.PrisonerNumber{}
	if d.closed {
		return found, nil, fmt.Errorf("%w: closed", ErrUnavailable)
	}
	var others []domain.PrisonerNumber
	for _, number := range distinct(numbers) {
		answer, cached := d.known.get(number)
		switch l := d.inFlight[number]; {
		case cached && usable(answer):
			if answer.known {
				found[number] = answer.prisoner
			}
		case l != nil:
			lookups[l] = append(lookups[l], number)
		default:
			others = append(others, number)
		}
	}
	for chunk := range slices.Chunk(others, maxNumbers) {
		lookups[d.start(chunk)] = chunk
	}
	return found, lookups, nil
}

// startAll starts lookups of all numbers.
func (d *Directory) startAll(numbers []domain.PrisonerNumber) (map[*lookup][]domain.PrisonerNumber, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("%w: closed", ErrUnavailable)
	}
	lookups := map[*lookup][]domain.PrisonerNumber{}
	for chunk := range slices.Chunk(distinct(numbers), maxNumbers) {
		lookups[d.start(chunk)] = chunk
	}
	return lookups, nil
}

// start begins a lookup of at most maxNumbers numbers. The caller holds the lock.
func (d *Directory) start(numbers []domain.PrisonerNumber) *lookup {
	l := &lookup{numbers: numbers, answered: make(chan struct{})}
	for _, number := range numbers {
		d.inFlight[number] = l
	}
	d.running.Go(func() {
		defer close(l.answered)
		l.found, l.err = d.send(l.numbers)
		d.cacheAnswers(l)
	})
	return l
}

// cacheAnswers caches the answers of a lookup. It skips a number of which a later lookup
// has started meanwhile: that one will have the newer answer.
func (d *Directory) cacheAnswers(l *lookup) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, number := range l.numbers {
		if d.inFlight[number] != l {
			continue
		}
		delete(d.inFlight, number)
		// After an error a missing number need not be unknown, so only found ones are kept.
		prisoner, known := l.found[number]
		if known || l.err == nil {
			d.known.put(number, answer{prisoner, known})
		}
	}
}

// send looks numbers up. It is the request of a lookup.
func (d *Directory) send(numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	found, err := d.call(request{
		method: http.MethodPost, path: "/prisoner-search/prisoner-numbers",
		query: url.Values{fieldsParameter: {responseFields}},
		body: struct {
			PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"`
		}{numbers},
		limit: maxBody(len(numbers)),
		read:  func(body io.Reader) (answers, error) { return readAnswers(body, numbers) },
	})
	if err != nil {
		return nil, err
	}
	if !found.complete {
		return found.prisoners, fmt.Errorf("%w: part of its answer cannot be read", ErrUnavailable)
	}
	return found.prisoners, nil
}

// call calls the service within the time-out, the wait for a free slot included. The
// time-out begins with the call, so a caller that joins later waits no longer. Errors:
// ErrUnavailable.
func (d *Directory) call(r request) (answers, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.options.Timeout)
	defer cancel()
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	// Too many requests under way say nothing about the service, so the breaker does
	// not count them.
	case <-ctx.Done():
		return answers{}, fmt.Errorf("%w: too many requests are under way", ErrUnavailable)
	}
	found, err := d.breaker.Execute(func() (answers, error) { return d.service.ask(ctx, r) })
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return answers{}, fmt.Errorf("%w: it failed and is not called for a moment", ErrUnavailable)
	case err != nil:
		return answers{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return found, nil
}

// collect waits for lookups and adds what they found of the wanted numbers to into. It
// returns the first error.
func collect(ctx context.Context, lookups map[*lookup][]domain.PrisonerNumber, into map[domain.PrisonerNumber]Prisoner) (err error) {
	for l, wanted := range lookups {
		select {
		case <-l.answered:
		case <-ctx.Done():
			return fmt.Errorf("ask the prisoner directory: %w", ctx.Err())
		}
		if err == nil {
			err = l.err
		}
		for _, number := range wanted {
			if prisoner, known := l.found[number]; known {
				into[number] = prisoner
			}
		}
	}
	return err
}

// distinct sorts numbers and removes duplicates.
func distinct(numbers []domain.PrisonerNumber) []domain.PrisonerNumber {
	return slices.Compact(slices.Sorted(slices.Values(numbers)))
}
