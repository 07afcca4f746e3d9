package merge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// ErrCircle refuses a merge into a number that was itself merged into the number to
// remove. Nothing is stored.
var ErrCircle = errors.New("the number to merge into was itself merged into the one that the message removes")

// Pairs finds the pairs of a prisoner in a read model that may be behind the log.
type Pairs interface {
	// PairsOf returns every pair of the prisoner that has facts up to a position, in
	// any order.
	PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error)
	// WaitFor returns when PairsOf is likely to know everything up to a position. It
	// returns an error after at most 2 s.
	WaitFor(ctx context.Context, position uint64) error
}

// Options are what a Process depends on. Only Logger and Timeout may be left out.
type Options struct {
	Log     eventstore.Store
	Handler *commands.Handler // of the same log; its mutex and its head are used
	Clock   func() time.Time  // in Europe/London
	Logger  *slog.Logger
	Timeout time.Duration // of one append or load, retries included; [commands.RequestTimeout] when zero
}

// Process runs merges and unmerges. It is safe for concurrent use. Two processes may
// work on the same message without harm, but they cause conflicts for each other. A
// lease outside of this package therefore lets one process work at a time.
type Process struct {
	Options
	catalogue domain.Catalogue
}

// New returns a Process. It starts nothing and calls nothing.
func New(options Options) *Process {
	if options.Timeout == 0 {
		options.Timeout = commands.RequestTimeout
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Process{Options: options, catalogue: domain.Events()}
}

// Message says that two numbers belong to one prisoner, or that a booking was moved
// from one number to another.
type Message struct {
	domain.Renumbering
	Booking bool          // a booking move, which removes no number
	Span    domain.Period // of a booking move: only records created in it are moved
}

// Apply transfers the non-associations of the previous number to the number that
// survives, at the end of the other number's own merges. Non-associations between two
// numbers of one prisoner are deleted.
//
// The command id of the cause identifies the message. Apply is idempotent: a message
// that was completed or undone changes nothing, and an interrupted one is completed.
// The result lists what this call changed, also when it returns an error.
//
// Errors: [ErrCircle], [commands.ErrBusy] and faults of the store. After the last two
// the same call may be repeated.
func (p *Process) Apply(ctx context.Context, by domain.Cause, m Message, router Pairs) ([]Change, error) {
	way, err := p.mergePathOf(ctx, m.Number)
	if err != nil {
		return nil, err
	}
	if way.contains(m.Previous) {
		return nil, fmt.Errorf("merge %s into %s: %w", m.Previous, m.Number, ErrCircle)
	}
	by.About = way.survivor()
	pairs, err := p.pairsOf(ctx, m.Previous, router)
	if err != nil {
		return nil, err
	}
	number, listed, err := p.due(ctx, by, m, pairs)
	if err != nil || len(listed) == 0 {
		return nil, err
	}
	if err := p.completeAt(ctx, by, pairs); err != nil {
		return nil, err
	}
	a := &applying{Process: p, by: by, message: m, path: way, listed: listed, targets: way.via()}
	for _, other := range number.removal.Merges {
		a.targets = append(slices.Clip(a.targets), other.Into)
	}
	return a.apply(ctx)
}

// due returns the pairs that the message is about, or none when nothing is left to do.
// The first attempt at a merge appends the list to the stream of the removed number.
// Later attempts use that list, so that pairs which appear in between are not moved.
func (p *Process) due(ctx context.Context, by domain.Cause, m Message, pairs []domain.Pair) (n number, listed []domain.Pair, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		if n, err = p.number(ctx, m.Previous); err != nil {
			return err
		}
		listed = nil
		if m.Booking {
			listed, err = p.pairsUnlessUndone(ctx, by, m, pairs)
			return err
		}
		if own, known := n.removal.By(by.CommandID); known {
			if !own.TakenBack {
				listed = own.Pairs
			}
			return nil
		}
		facts := n.removal.Remove(domain.RemoveNumber{Renumbering: m.Renumbering, Pairs: pairs}, n.folding.Now(p.Clock()), by)
		if len(facts) > 0 { // none when another message has merged them already
			listed = pairs
			return p.append(ctx, n.stream(), n.expected(), facts)
		}
		return nil
	})
	return n, listed, err
}

// pairsUnlessUndone returns the pairs of a booking move, or none when the move was
// undone. A booking move removes no number, so there is no list in the stream of the
// number. It looks for facts of the unmerge in the pairs instead.
func (p *Process) pairsUnlessUndone(ctx context.Context, by domain.Cause, m Message, pairs []domain.Pair) ([]domain.Pair, error) {
	for chunk := range slices.Chunk(pairs, maxLoadedPairs) {
		both := slices.Clone(chunk)
		for _, pair := range chunk {
			if to, err := m.Pair(pair); err == nil {
				both = append(both, to)
			}
		}
		streams, err := p.load(ctx, both...)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(streams, func(s *stream) bool { return s.countOwn(unmergeCommandID(by.CommandID)) > 0 }) {
			return nil, nil
		}
	}
	return pairs, nil
}

// pairsOf returns the pairs of a prisoner. It waits until the read model has reached
// the head of the log, so that every pair that exists now is included.
func (p *Process) pairsOf(ctx context.Context, number domain.PrisonerNumber, router Pairs) ([]domain.Pair, error) {
	head, err := p.Handler.Head(ctx)
	if err != nil {
		return nil, err
	}
	if err := router.WaitFor(ctx, head.Uint64()); err != nil {
		return nil, fmt.Errorf("%w: find the pairs of a prisoner: %w", commands.ErrBusy, err)
	}
	pairs, err := router.PairsOf(ctx, number, head.Uint64())
	if err != nil {
		return nil, fmt.Errorf("%w: find the pairs of a prisoner: %w", commands.ErrBusy, err)
	}
	return pairs, nil
}
