package eventstore

import (
	"context"
	"strings"
	"sync"
)

// keptHeads keeps the head of a log for all who search for it in one process. A log may
// hold many events of others, and each search would read all of them that came since its
// own last one. What a subscription was sent need not be read again either.
type keptHeads struct {
	mu  sync.Mutex
	all map[string]*keptHead // by the prefixes
}

// keptHead is the head of the streams of some prefixes, as far as it is known.
type keptHead struct {
	turn chan struct{} // a mutex that a context can leave: one search at a time

	mu      sync.Mutex
	head    Head
	renewed int // how often it was forgotten
}

// of returns the head of some prefixes.
func (k *keptHeads) of(prefixes []string) *keptHead {
	key := strings.Join(prefixes, "\x00")
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]*keptHead{}
	}
	if k.all[key] == nil {
		k.all[key] = &keptHead{turn: make(chan struct{}, 1)}
	}
	return k.all[key]
}

// forget forgets all heads: they were those of another log.
func (k *keptHeads) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kept := range k.all {
		kept.mu.Lock()
		kept.head, kept.renewed = Head{}, kept.renewed+1
		kept.mu.Unlock()
	}
}

// get returns what is known, and the number that later knowledge of it must name.
func (k *keptHead) get() (Head, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.head, k.renewed
}

// found keeps the result of a search, unless more is known.
func (k *keptHead) found(head Head, renewed int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.renewed == renewed && k.head.End.Before(head.End) {
		k.head = head
	}
}

// passed keeps what a subscription has shown: own is the last event that it was sent, and
// to is how far it has come. It was sent all events behind from. Where that is behind the
// end that is known, what lies between is not known, and nothing is kept.
func (k *keptHead) passed(from, own, to Position, renewed int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.renewed != renewed || k.head.End.Before(from) || !k.head.End.Before(to) {
		return
	}
	if k.head.End.Before(own) {
		k.head.Own = own
	}
	k.head.End = to
}

// findHead is FindHead with what this process knows already: no caller knows more.
func (v *Verified) findHead(ctx context.Context, prefixes []string) (Head, error) {
	kept := v.heads.of(prefixes)
	select {
	case kept.turn <- struct{}{}:
		defer func() { <-kept.turn }()
	case <-ctx.Done():
		return Head{}, ctx.Err()
	}
	known, renewed := kept.get()
	found, err := findHead(ctx, v, prefixes, known)
	if err == nil {
		kept.found(found, renewed)
	}
	return found, err
}

// passing keeps for the head what a subscription delivers.
func (v *Verified) passing(from Position, prefixes []string, deliver func(Message) error) func(Message) error {
	kept, own := v.heads.of(prefixes), Start
	_, renewed := kept.get()
	return func(m Message) error {
		switch m.Kind {
		case EventAppeared:
			own = m.Event.Position
			kept.passed(from, own, own, renewed)
		case Checkpoint:
			kept.passed(from, own, m.Position, renewed)
		case CaughtUp:
		}
		return deliver(m)
	}
}
