package logcheck

import "github.com/google/uuid"

// SmallPages makes the pages so small that a small log has many of them.
func SmallPages() { pageEvents, pageLeaves = 7, 5 }

// SetMaxWaiting changes the bound of what waits, and returns the one before.
func SetMaxWaiting(n int) (before int) {
	before, maxWaiting = maxWaiting, n
	return before
}

// Held lets entries wait that nothing takes, and returns how many still wait, and how many of
// those that were given up are whole. taken is how many are remembered of as many that were
// taken at once.
func Held(entries int) (waits, lost, taken int) {
	w, passed := newWaiting[waitingLeaf](), newWaiting[waitingLeaf]()
	for i := range entries {
		id := uuid.New()
		w.add(id, int64(i), &waitingLeaf{})
		passed.add(id, int64(i), &waitingLeaf{})
		passed.take(id, func(*waitingLeaf) bool { return true })
	}
	return max(len(w.of), len(w.order)), len(w.lost), len(passed.order)
}
