package domain

import (
	"slices"

	"github.com/google/uuid"
)

// Folding folds the facts of one pair in place: each fact takes time of its own size,
// not of the size of the pair. It is not safe for concurrent use. [Evolve] does the
// same for a single fact without changing its argument.
type Folding struct {
	state State

	// Which lists of the state are owned. A list that is shared is copied before it is
	// changed.
	ownItems, ownIgnored, ownTransferredOut bool

	index   map[uuid.UUID]int // where an item is; nil when it is not known
	lookups int               // without an index
}

// NewFolding returns a folding that continues from a state, which is not changed. A
// pair without facts is the zero State with its Pair set.
func NewFolding(from State) *Folding { return &Folding{state: from} }

// State returns the state after the facts that were added. Facts added later do not
// change it.
func (f *Folding) State() State {
	f.ownItems, f.ownIgnored, f.ownTransferredOut = false, false, false
	return f.state
}

// Find returns a non-association as the facts so far leave it, deleted or not. It
// returns false when the pair does not have it.
func (f *Folding) Find(id uuid.UUID) (NonAssociation, bool) {
	if i := f.Index(id); i >= 0 {
		return f.state.Items[i], true
	}
	return NonAssociation{}, false
}

// Len returns the number of items of the state, deleted ones included.
func (f *Folding) Len() int { return len(f.state.Items) }

// An index costs as much as several searches through all items, and few items are
// searched as fast as an index finds one.
const (
	fewItems   = 16
	fewLookups = 4
)

// Index returns the index of an item, or -1.
func (f *Folding) Index(id uuid.UUID) int {
	if f.index == nil && (len(f.state.Items) <= fewItems || f.lookups < fewLookups) {
		f.lookups++
		return f.state.Find(id)
	}
	if f.index == nil {
		f.index = make(map[uuid.UUID]int, len(f.state.Items))
		for i, n := range slices.Backward(f.state.Items) { // the first one counts
			f.index[n.ID] = i
		}
	}
	if i, there := f.index[id]; there {
		return i
	}
	return -1
}

// item returns an item for changing.
func (f *Folding) item(i int) *NonAssociation {
	f.ownedItems()
	return &f.state.Items[i]
}

// ownedItems copies the items once, before the first change.
func (f *Folding) ownedItems() {
	if !f.ownItems {
		f.state.Items, f.ownItems = slices.Clone(f.state.Items), true
	}
}

// push appends a record.
func (f *Folding) push(n NonAssociation) {
	f.state.Items = appended(f.state.Items, n, f.ownItems)
	f.ownItems = true
	if _, there := f.index[n.ID]; f.index != nil && !there {
		f.index[n.ID] = len(f.state.Items) - 1
	}
}

// remove removes an item. Items mostly leave from the front, so no index is built for
// it.
func (f *Folding) remove(id uuid.UUID) {
	if i := f.state.Find(id); i >= 0 {
		f.ownedItems()
		f.state.Items, f.index, f.lookups = slices.Delete(f.state.Items, i, i+1), nil, 0
	}
}

// ignore records the key of an ignored item, so that the same is not recorded again.
func (f *Folding) ignore(key uuid.UUID) {
	f.state.Ignored = appended(f.state.Ignored, key, f.ownIgnored)
	f.ownIgnored = true
}

// transferOut removes a record and keeps where it went.
func (f *Folding) transferOut(d OutgoingTransfer) {
	f.state.TransferredOut = appended(f.state.TransferredOut, d, f.ownTransferredOut)
	f.ownTransferredOut = true
}

// removeTransferOut takes the departures of a non-association away.
func (f *Folding) removeTransferOut(id uuid.UUID) {
	if !f.state.hasTransferredOut(id) {
		return
	}
	if !f.ownTransferredOut {
		f.state.TransferredOut, f.ownTransferredOut = slices.Clone(f.state.TransferredOut), true
	}
	f.state.TransferredOut = slices.DeleteFunc(f.state.TransferredOut, func(d OutgoingTransfer) bool { return d.ID == id })
}

// hasTransferredOut reports whether a record was transferred to another pair.
func (s State) hasTransferredOut(id uuid.UUID) bool {
	return slices.ContainsFunc(s.TransferredOut, func(d OutgoingTransfer) bool { return d.ID == id })
}

// appended appends in place to an owned list, and to a copy of a shared one.
func appended[T any](list []T, value T, own bool) []T {
	if !own {
		list = slices.Clip(list)
	}
	return append(list, value)
}
