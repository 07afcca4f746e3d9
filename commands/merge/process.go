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

// ErrCircle refuses a merge into a number that was itself removed in favour of
// the number that it would remove. Nothing was stored.
var ErrCircle = errors.New("the number to merge into was itself merged into the one that the message removes")

// Pairs is a [commands.Router] that also knows the pairs of a prisoner. It may
// be a little behind the log.
type Pairs interface {
	// PairsOf lists every pair of the prisoner that has facts up to a position.
	PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error)
	// WaitFor returns when PairsOf is likely to know everything up to a position, or an error
	// after at most 2 s.
	WaitFor(ctx context.Context, position uint64) error
}

// Options are the outside of a Process; all must be given but the Logger.
type Options struct {
	Log     eventstore.Store
	Handler *commands.Handler // of the same log: its queue and its search for the head
	Clock   func() time.Time  // in Europe/London
	Logger  *slog.Logger
	Timeout time.Duration // time of one append or load, outages included; [commands.Patience] when zero
}

// Process runs merges and takes them back. It is safe for concurrent use. Two
// processes at one message do no harm, but hold each other up: a lease outside
// lets one work at a time.
type Process struct {
	Options
	catalogue domain.Catalogue
}

// New makes a Process.
func New(options Options) *Process {
	if options.Timeout == 0 {
		options.Timeout = commands.RequestTimeout
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Process{Options: options, catalogue: domain.Events()}
}

// Message says that two numbers are one prisoner, or that a booking of one is
// the other's.
type Message struct {
	domain.Renumbering
	Booking bool          // only a booking moved: the previous number is not removed
	Span    domain.Period // of a booking: bounds when what goes along was created
}

// Apply brings the non-associations of the previous number to the one that
// survives at the end of the other's own merges; those between two numbers of
// one prisoner are deleted. The cause's command id is that of the message: a
// message that was worked on before, or was taken back, changes nothing, and one
// that was cut off is completed. Errors: [ErrCircle], [commands.ErrBusy] and
// faults of the store; after the last two the same call again is right.
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

// due are the pairs that the message is about: none when there is nothing left
// to do. The first attempt at a merge records them, and removes the number.
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
		if len(facts) > 0 { // else another message has said so
			listed = pairs
			return p.append(ctx, n.stream(), n.expected(), facts)
		}
		return nil
	})
	return n, listed, err
}

// pairsUnlessUndone are the pairs of a booking that moved; none when the move was
// taken back. Such a move removes no number, so that no fact of its own lists
// them.
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

// pairsOf asks the router when it has reached the head, so that no pair is left
// out that exists now.
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
