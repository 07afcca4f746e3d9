package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// pairKey is a pair as the 14 characters of its two numbers.
type pairKey [14]byte

// Pairs is a set of pairs that needs 14 bytes for each, so that all pairs of a log fit in
// memory. The zero value is empty. One goroutine owns it.
type Pairs struct {
	sorted []pairKey
	added  []pairKey // since sorted was made; in any order and with repeats
}

// mostAdded bounds how many keys wait to be sorted: with repeats they are as many as
// there are facts.
const mostAdded = 1 << 16

// Add adds a pair. A pair that is there already is not added again.
func (p *Pairs) Add(pair domain.Pair) {
	numbers := pair.Numbers()
	var key pairKey
	copy(key[copy(key[:], numbers[0]):], numbers[1])
	if last := len(p.added) - 1; last >= 0 && p.added[last] == key {
		return // most facts follow one of the same pair
	}
	if p.added = append(p.added, key); len(p.added) >= max(mostAdded, len(p.sorted)/4) {
		p.settle()
	}
}

// settle sorts what was added.
func (p *Pairs) settle() {
	if len(p.added) == 0 {
		return
	}
	p.sorted = append(p.sorted, p.added...)
	slices.SortFunc(p.sorted, func(a, b pairKey) int { return bytes.Compare(a[:], b[:]) })
	p.sorted, p.added = slices.Compact(p.sorted), p.added[:0]
}

// Len returns the number of pairs.
func (p *Pairs) Len() int {
	p.settle()
	return len(p.sorted)
}

// All returns the pairs in sorted order. No pair may be added meanwhile.
func (p *Pairs) All() iter.Seq[domain.Pair] {
	p.settle()
	return func(yield func(domain.Pair) bool) {
		for _, key := range p.sorted {
			low, high := domain.PrisonerNumber(key[:7]), domain.PrisonerNumber(key[7:])
			pair, err := domain.NewPair(low, high)
			if err == nil && !yield(pair) { // a pair that was added is one
				return
			}
		}
	}
}

// AddPairs adds every pair of which the log has facts. It reads the whole log once and
// decodes no fact. progress, if set, is called after each thousand facts. Errors are those
// of the log.
func (r *Reader) AddPairs(ctx context.Context, to *Pairs, progress func(facts int)) error {
	facts := 0
	err := r.log.Subscribe(ctx, eventstore.Start, []string{domain.StreamPrefix}, func(m eventstore.Message) error {
		switch m.Kind {
		case eventstore.CaughtUp:
			return errDone
		case eventstore.EventAppeared:
			pair, err := eventstore.PairOf(m.Event.Stream)
			if err != nil {
				return err
			}
			to.Add(pair)
			if facts++; progress != nil && facts%1000 == 0 {
				progress(facts)
			}
		case eventstore.Checkpoint:
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	// A subscription never ends without an error.
	return fmt.Errorf("list the pairs of the log: %w", cmp.Or(err, eventstore.ErrUnavailable))
}
