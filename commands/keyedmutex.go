package commands

import (
	"context"
	"fmt"
	"sync"
)

// keyedMutex is a fair mutex for each key, here for each stream. It only avoids
// conflicts between writers of the same process. The expected revision of the append
// keeps the record correct, so other processes need no such lock.
type keyedMutex struct {
	mu      sync.Mutex
	waiters map[string]*waiter
}

// waiter is the state of one key. It exists while a goroutine holds the key or waits for
// it, so that the map does not grow with the number of streams.
type waiter struct {
	turn   chan struct{} // holds one token while the key is free
	inside int           // goroutines that hold the key or wait for it
}

func newKeyedMutex() *keyedMutex { return &keyedMutex{waiters: map[string]*waiter{}} }

// enter blocks until the key is free and takes it. When the context ends first, it
// returns the context's error and the key is not taken.
func (m *keyedMutex) enter(ctx context.Context, key string) error {
	m.mu.Lock()
	w, exists := m.waiters[key]
	if !exists {
		w = &waiter{turn: make(chan struct{}, 1)}
		w.turn <- struct{}{}
		m.waiters[key] = w
	}
	w.inside++
	m.mu.Unlock()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		m.drop(key, w)
		return ctx.Err()
	}
}

// leave releases a key that enter took, to the goroutine that has waited longest.
func (m *keyedMutex) leave(key string) {
	m.mu.Lock()
	w := m.waiters[key]
	m.mu.Unlock()
	w.turn <- struct{}{}
	m.drop(key, w)
}

func (m *keyedMutex) drop(key string, w *waiter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.inside--; w.inside == 0 {
		delete(m.waiters, key)
	}
}

// Exclusively calls do while no other writer of this process appends to the stream. It
// returns the error of do, or the context's error when the stream does not become free
// in time; do was not called then. It only avoids conflicts in the store, and do must
// still append at an expected revision.
func (h *Handler) Exclusively(ctx context.Context, stream string, do func(context.Context) error) error {
	if err := h.turns.enter(ctx, stream); err != nil {
		return fmt.Errorf("wait for the turn of %s: %w", stream, err)
	}
	defer h.turns.leave(stream)
	return do(ctx)
}
