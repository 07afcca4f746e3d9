package domain

import (
	"slices"

	"github.com/google/uuid"
)

// Folding folds the facts of one pair, each in the time that the fact needs and
// not in that of the whole pair: it owns its state and changes it in place. It
// belongs to one goroutine. [Evolve] is the same for a single fact.
type Folding struct {
	state State

	// Which lists of the state nobody else has. A list of others is copied before
	// it is changed.
	ownItems, ownIgnored, ownTransferredOut bool

	index   map[uuid.UUID]int // where an item is; nil when it is not known
	lookups int               // without an index
}

// NewFolding goes on from a state, which stays as it was. The zero State with
// its Pair set is where the first fact of a pair goes on from.
func NewFolding(from State) *Folding { return &Folding{state: from} }

// State is the state behind the facts that were added. Facts that are added
// later do not change it.
func (f *Folding) State() State {
	f.ownItems, f.ownIgnored, f.ownTransferredOut = false, false, false
	return f.state
}

// Find is a non-association as the facts so far leave it, deleted or not; false
// when the pair does not have it.
func (f *Folding) Find(id uuid.UUID) (NonAssociation, bool) {
	if i := f.Index(id); i >= 0 {
		return f.state.Items[i], true
	}
	return NonAssociation{}, false
}

// Len is the number of items of the state.
func (f *Folding) Len() int { return len(f.state.Items) }

// An index costs as much as several looks through all items, and few items are
// gone through as fast as an index finds one.
const (
	fewItems   = 16
	fewLookups = 4
)

// Index is [State.Find] of the state.
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

// item is one of the items, to be changed.
func (f *Folding) item(i int) *NonAssociation {
	f.ownedItems()
	return &f.state.Items[i]
}

func (f *Folding) ownedItems() {
	if !f.ownItems {
		f.state.Items, f.ownItems = slices.Clone(f.state.Items), true
	}
}

func (f *Folding) push(n NonAssociation) {
	f.state.Items = appended(f.state.Items, n, f.ownItems)
	f.ownItems = true
	if _, there := f.index[n.ID]; f.index != nil && !there {
		f.index[n.ID] = len(f.state.Items) - 1
	}
}

// remove takes an item away. The first that leaves is mostly the first that is
// there: it is not worth an index.
func (f *Folding) remove(id uuid.UUID) {
	if i := f.state.Find(id); i >= 0 {
		f.ownedItems()
		f.state.Items, f.index, f.lookups = slices.Delete(f.state.Items, i, i+1), nil, 0
	}
}

// ignore notes what is not to be recorded again.
func (f *Folding) ignore(key uuid.UUID) {
	f.state.Ignored = appended(f.state.Ignored, key, f.ownIgnored)
	f.ownIgnored = true
}

func (f *Folding) transferOut(d OutgoingTransfer) {
	f.state.TransferredOut = appended(f.state.TransferredOut, d, f.ownTransferredOut)
	f.ownTransferredOut = true
}

// isReturned takes the departures of a non-association away.
func (f *Folding) isReturned(id uuid.UUID) {
	if !f.state.hasTransferredOut(id) {
		return
	}
	if !f.ownTransferredOut {
		f.state.TransferredOut, f.ownTransferredOut = slices.Clone(f.state.TransferredOut), true
	}
	f.state.TransferredOut = slices.DeleteFunc(f.state.TransferredOut, func(d OutgoingTransfer) bool { return d.ID == id })
}

func (s State) hasTransferredOut(id uuid.UUID) bool {
	return slices.ContainsFunc(s.TransferredOut, func(d OutgoingTransfer) bool { return d.ID == id })
}

// appended grows a list of our own where it lies, and a copy of another's.
func appended[T any](list []T, value T, own bool) []T {
	if !own {
		list = slices.Clip(list)
	}
	return append(list, value)
}
