package domain

import (
	"slices"

	"github.com/google/uuid"
)

// Folding folds the facts of one pair. It owns its state and changes it in place, so a
// fact costs as much as it changes and not as much as the pair is large. One goroutine
// owns it. [Evolve] does the same for a single fact.
type Folding struct {
	state State

	// Whether each list of the state is unshared. A shared list is copied before it is
	// changed.
	ownItems, ownIgnored, ownTransferredOut bool

	index   map[uuid.UUID]int // where an item is; nil when it is not known
	lookups int               // without an index
}

// NewFolding continues from a state, which is not changed. The zero State with its Pair
// set is the beginning of a pair.
func NewFolding(from State) *Folding { return &Folding{state: from} }

// State returns the state after the facts so far. Later facts do not change it: the
// lists are shared now, and are copied before the next change.
func (f *Folding) State() State {
	f.ownItems, f.ownIgnored, f.ownTransferredOut = false, false, false
	return f.state
}

// Find returns a record of the pair, deleted or not. It returns false when the pair
// does not have it.
func (f *Folding) Find(id uuid.UUID) (NonAssociation, bool) {
	if i := f.Index(id); i >= 0 {
		return f.state.Items[i], true
	}
	return NonAssociation{}, false
}

// At returns the record at an index of [State].Items.
func (f *Folding) At(index int) NonAssociation { return f.state.Items[index] }

// Len returns the number of records, deleted ones included.
func (f *Folding) Len() int { return len(f.state.Items) }

// An index costs as much as several looks through all items, and few items are
// gone through as fast as an index finds one.
const (
	fewItems   = 16
	fewLookups = 4
)

// Index returns the index of a record among the items, or -1. It builds a map only for
// a pair with many records that is searched repeatedly: a short list is faster without
// it.
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

// item returns a record to be changed. The list is copied first when it is shared.
func (f *Folding) item(i int) *NonAssociation {
	f.ownedItems()
	return &f.state.Items[i]
}

// ownedItems makes sure that the list of records is not shared.
func (f *Folding) ownedItems() {
	if !f.ownItems {
		f.state.Items, f.ownItems = slices.Clone(f.state.Items), true
	}
}

// push adds a record at the end.
func (f *Folding) push(n NonAssociation) {
	f.state.Items = appended(f.state.Items, n, f.ownItems)
	f.ownItems = true
	if _, there := f.index[n.ID]; f.index != nil && !there {
		f.index[n.ID] = len(f.state.Items) - 1
	}
}

// remove removes a record. It searches linearly, because a transfer removes the records
// in their order and the first one mostly matches.
func (f *Folding) remove(id uuid.UUID) {
	if i := f.state.Find(id); i >= 0 {
		f.ownedItems()
		f.state.Items, f.index, f.lookups = slices.Delete(f.state.Items, i, i+1), nil, 0
	}
}

// ignore stores the key of an ignored item, so that the same item is not recorded
// again.
func (f *Folding) ignore(key uuid.UUID) {
	f.state.Ignored = appended(f.state.Ignored, key, f.ownIgnored)
	f.ownIgnored = true
}

// transferOut stores where a record went, so that a command on it can be redirected.
func (f *Folding) transferOut(d OutgoingTransfer) {
	f.state.TransferredOut = appended(f.state.TransferredOut, d, f.ownTransferredOut)
	f.ownTransferredOut = true
}

// removeTransferOut removes the departures of a record that has returned.
func (f *Folding) removeTransferOut(id uuid.UUID) {
	if _, left := f.state.OutgoingTransferOf(id); !left {
		return
	}
	if !f.ownTransferredOut {
		f.state.TransferredOut, f.ownTransferredOut = slices.Clone(f.state.TransferredOut), true
	}
	f.state.TransferredOut = slices.DeleteFunc(f.state.TransferredOut, func(d OutgoingTransfer) bool { return d.ID == id })
}

// appended returns the list with one more value. A list of another state is copied.
func appended[T any](list []T, value T, own bool) []T {
	if !own {
		list = slices.Clip(list)
	}
	return append(list, value)
}
