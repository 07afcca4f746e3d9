package nomis

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// PrisonStore keeps the known prisons. [store.Store] is one.
type PrisonStore interface {
	SeePrisons(ctx context.Context, now time.Time, prisons ...store.SeenPrison) error
	CountPrisons(ctx context.Context, began time.Time, prisons ...store.SeenPrison) error
}

// PrisonRecorderOptions are the dependencies of a PrisonRecorder. All but Interval must
// be set.
type PrisonRecorderOptions struct {
	Store    PrisonStore
	Clock    func() time.Time
	Logger   *slog.Logger
	Interval time.Duration // the least time between two writes; 1 s when zero
}

// PrisonRecorder keeps the prisons in which the directory places prisoners with live
// records. Noting one does no I/O: Run writes them. It is safe for concurrent use.
type PrisonRecorder struct {
	store   PrisonStore
	clock   func() time.Time
	flusher *flusher

	mu      sync.Mutex
	noted   map[domain.PrisonID]notedPrison // at most maxPrisons
	pending map[domain.PrisonID]bool        // of noted: those that wait to be written
}

// notedPrison is a prison as it was noted last.
type notedPrison struct {
	name string
	at   time.Time
}

const (
	// maxPrisons bounds what is remembered. There are about 150 prisons.
	maxPrisons = 1000
	// noteAgain is how long a prison with the same name is not written again.
	noteAgain = time.Hour
)

// NewPrisonRecorder returns a recorder that has noted nothing.
func NewPrisonRecorder(o PrisonRecorderOptions) *PrisonRecorder {
	r := &PrisonRecorder{store: o.Store, clock: o.Clock, noted: map[domain.PrisonID]notedPrison{}, pending: map[domain.PrisonID]bool{}}
	r.flusher = newFlusher("known prisons", o.Logger, o.Interval, r.write)
	return r
}

// Note notes that a prisoner with a live record is in a prison. An empty name is not
// known. What names no prison is ignored, and so is a new one when too many are known.
func (r *PrisonRecorder) Note(id domain.PrisonID, name string) {
	id, err := domain.ParsePrisonID(string(id))
	if err != nil {
		return
	}
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	before, known := r.noted[id]
	age := now.Sub(before.at)
	switch {
	case !known && len(r.noted) >= maxPrisons:
		return
	case known && (name == "" || name == before.name) && age >= 0 && age < noteAgain:
		return
	}
	r.noted[id], r.pending[id] = notedPrison{cmp.Or(name, before.name), now}, true
	r.flusher.mark()
}

// Run writes what is noted, at most once in an interval, until ctx ends, and then once
// more. It returns nil.
func (r *PrisonRecorder) Run(ctx context.Context) error {
	r.flusher.run(ctx)
	return nil
}

// write writes what waits. What could not be written waits again.
func (r *PrisonRecorder) write(ctx context.Context) error {
	r.mu.Lock()
	ids := slices.Sorted(maps.Keys(r.pending))
	prisons := make([]store.SeenPrison, len(ids))
	for i, id := range ids {
		prisons[i] = store.SeenPrison{ID: id, Name: r.noted[id].name}
	}
	clear(r.pending)
	r.mu.Unlock()
	if len(prisons) == 0 {
		return nil
	}
	err := r.store.SeePrisons(ctx, r.clock(), prisons...)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, id := range ids {
			r.pending[id] = true
		}
	}
	return err
}
