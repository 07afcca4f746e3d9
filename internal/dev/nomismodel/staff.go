package nomismodel

import (
	"maps"
	"reflect"
	"slices"
)

// The staff of NOMIS write by its screens. These keep none of the rules of the API:
// several may be open at once, and a date may be in the future.

// Open creates a non-association, and returns its sequence.
func (n *NOMIS) Open(of, with string, v Values, by string) int {
	return n.create(link{of, with}, v, by)
}

// Amend changes the rows of a detail that are there. change gets the reason of the row's
// own prisoner, and may differ from row to row.
func (n *NOMIS) Amend(of, with string, sequence int, by string, change func(*Row)) {
	for _, l := range []link{{of, with}, {with, of}} {
		if row := n.find(l, sequence); row != nil {
			before := *row
			if change(row); !reflect.DeepEqual(before, *row) {
				row.UpdatedBy = by
			}
		}
	}
}

// AmendOne changes one row alone, which leaves the mirrors different.
func (n *NOMIS) AmendOne(of, with string, sequence int, change func(*Row)) {
	if row := n.find(link{of, with}, sequence); row != nil {
		change(row)
	}
}

// Remove removes the rows of a detail that are there.
func (n *NOMIS) Remove(of, with string, sequence int) {
	n.RemoveOne(of, with, sequence)
	n.RemoveOne(with, of, sequence)
}

// RemoveOne removes one row alone, which leaves the other without a mirror.
func (n *NOMIS) RemoveOne(of, with string, sequence int) { n.remove(link{of, with}, sequence) }

// DeleteBooking removes every row of a prisoner with the booking. No message names them.
func (n *NOMIS) DeleteBooking(number string) {
	maps.DeleteFunc(n.parents, func(l link, _ *parent) bool { return l.of == number || l.with == number })
}

// Merge gives the details of a removed number to the one that survives, under new
// sequences. Those of the two with each other vanish. The removed number is unknown
// from then on.
func (n *NOMIS) Merge(removed, survivor string) {
	n.unknown[removed] = true
	for _, l := range n.of(removed) {
		sequences := map[int]int{}
		for _, direction := range []link{l, l.back()} {
			for _, row := range n.rows(direction) {
				sequences[row.Sequence] = 0
			}
		}
		to := link{survivor, l.with}
		for _, was := range slices.Sorted(maps.Keys(sequences)) {
			if l.with != survivor {
				n.move(l, to, was, max(n.next(to), n.next(to.back())))
			}
		}
		delete(n.parents, l)
		delete(n.parents, l.back())
	}
}

// of returns the directions of a prisoner that has details in either of them, in order.
func (n *NOMIS) of(number string) []link {
	with := map[string]bool{}
	for l := range n.parents {
		switch number {
		case l.of:
			with[l.with] = true
		case l.with:
			with[l.of] = true
		}
	}
	var all []link
	for _, other := range slices.Sorted(maps.Keys(with)) {
		all = append(all, link{number, other})
	}
	return all
}

// move adds the rows of a detail to another pair.
func (n *NOMIS) move(from, to link, was, sequence int) {
	for _, d := range []struct{ from, to link }{{from, to}, {from.back(), to.back()}} {
		if row := n.find(d.from, was); row != nil {
			moved := *row
			moved.Sequence = sequence
			n.add(d.to, moved)
		}
	}
}
