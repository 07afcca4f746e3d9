package logcheck

import (
	"slices"

	"github.com/google/uuid"
)

// maxWaiting bounds how many leaves, and how many facts, wait for their counterpart. It is
// a variable for tests.
var maxWaiting = 1 << 19

// waiting holds what has no counterpart so far, by event id. One id may stand several times:
// no store keeps ids unique.
type waiting[T any] struct {
	of    map[uuid.UUID][]*T
	count int
	// order is the order in which entries came; what was taken stays in it until it is
	// passed.
	order []entry[T]
	// lost are entries that were given up, the first of them whole; lostPlaces has the
	// place of each.
	lost       []*T
	lostPlaces []int64
}

type entry[T any] struct {
	id    uuid.UUID
	place int64 // its index or ordinal
	value *T
}

func newWaiting[T any]() *waiting[T] { return &waiting[T]{of: map[uuid.UUID][]*T{}} }

// add adds an entry. The oldest one is given up when there are too many.
func (w *waiting[T]) add(id uuid.UUID, place int64, value *T) {
	w.of[id] = append(w.of[id], value)
	w.order = append(w.order, entry[T]{id, place, value})
	w.count++
	for w.count > maxWaiting {
		oldest := w.order[0]
		w.order = w.order[1:]
		if !w.remove(oldest.id, oldest.value) {
			continue
		}
		if w.lostPlaces = append(w.lostPlaces, oldest.place); len(w.lost) < MaxProblems {
			w.lost = append(w.lost, oldest.value)
		}
	}
}

// take removes and returns an entry of an id: one that is the same if there is one, else
// the oldest. nil means that there is none.
func (w *waiting[T]) take(id uuid.UUID, same func(*T) bool) *T {
	if w.count == 0 {
		return nil // without a look-up: nearly always
	}
	found := w.of[id]
	if len(found) == 0 {
		return nil
	}
	value := found[max(slices.IndexFunc(found, same), 0)]
	w.remove(id, value)
	return value
}

// takeSame is take of an entry that is the same, and of no other.
func (w *waiting[T]) takeSame(id uuid.UUID, same func(*T) bool) *T {
	if !slices.ContainsFunc(w.of[id], same) {
		return nil
	}
	return w.take(id, same)
}

func (w *waiting[T]) remove(id uuid.UUID, value *T) bool {
	at := slices.Index(w.of[id], value)
	if at < 0 {
		return false
	}
	if w.of[id] = slices.Delete(w.of[id], at, at+1); len(w.of[id]) == 0 {
		delete(w.of, id)
	}
	w.count--
	if len(w.order) > 2*w.count+1024 {
		w.order = w.rest()
	}
	return true
}

// rest returns the entries that still wait, in the order in which they came.
func (w *waiting[T]) rest() []entry[T] {
	rest := make([]entry[T], 0, w.count)
	for _, e := range w.order {
		if slices.Contains(w.of[e.id], e.value) {
			rest = append(rest, e)
		}
	}
	return rest
}
