package merge

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// applying is one attempt at a message. One goroutine owns it. It keeps no progress of
// its own: whatever an attempt has appended, the next one finds in the log.
type applying struct {
	*Process
	by      domain.Cause
	message Message
	path    mergePath
	targets []domain.PrisonerNumber // numbers, beside the survivor, to which a transfer may have been started
	listed  []domain.Pair           // pairs of the message
	visited []domain.Pair           // pairs that were worked on
}

// apply transfers the records of the listed pairs. Another merge may have moved a record
// from one of them to a pair that is not listed, so apply continues with these pairs. It
// returns the changes so far together with the first error.
func (a *applying) apply(ctx context.Context) ([]Change, error) {
	var all changes
	for next := slices.Clone(a.listed); len(next) > 0; {
		pair := next[0]
		a.visited = append(a.visited, pair)
		done, err := a.applyToPair(ctx, pair)
		all = append(all, done...)
		if err != nil {
			return all, err
		}
		further, err := a.forwardedPairs(ctx, pair)
		if err != nil {
			return all, err
		}
		next = append(next[1:], further...)
	}
	return all, nil
}

// forwardedPairs returns the pairs that records have left this pair for, as far as they
// still have the previous number. Pairs that are listed or were visited already are
// left out.
func (a *applying) forwardedPairs(ctx context.Context, pair domain.Pair) ([]domain.Pair, error) {
	streams, err := a.loadWithRetry(ctx, pair)
	if err != nil {
		return nil, err
	}
	var pairs []domain.Pair
	for _, d := range streams[0].state().TransferredOut {
		known := slices.Contains(a.listed, d.To) || slices.Contains(a.visited, d.To) || slices.Contains(pairs, d.To)
		if d.To.Has(a.message.Previous) && !known {
			pairs = append(pairs, d.To)
		}
	}
	return pairs, nil
}

// applyToPair applies the message to one pair. It transfers the records to the pair of
// the surviving number. When both prisoners of the pair have become one, it deletes the
// records instead.
func (a *applying) applyToPair(ctx context.Context, pair domain.Pair) (changes, error) {
	other, err := a.mergePathOf(ctx, pair.Other(a.message.Previous))
	if err != nil {
		return nil, err
	}
	to, err := domain.NewPair(a.path.survivor(), pair.Other(a.message.Previous))
	if err != nil || other.survivor() == a.path.survivor() { // both prisoners of the pair are one now
		return a.deleteSelfPair(ctx, pair)
	}
	begun, err := a.finishEarlierTransfers(ctx, pair)
	if err != nil {
		return nil, err
	}
	return a.transfer(ctx, transfer{
		Renumbering: domain.Renumbering{Previous: a.message.Previous, Number: a.path.survivor(), Reason: a.message.Reason},
		via:         a.path.via(), by: a.by, from: pair, to: to,
		choose: func(from, to *stream) []domain.NonAssociation { return a.toTransfer(from, append(begun, to)...) },
	})
}

// finishEarlierTransfers completes transfers of the number that were interrupted on
// their way to a number that has been removed since. The record must first leave the
// old pair entirely. It then goes on from the intermediate pair by the merge that
// removed that number. The result is the streams that such transfers may have gone to.
func (a *applying) finishEarlierTransfers(ctx context.Context, pair domain.Pair) ([]*stream, error) {
	var targets []*stream
	for _, number := range a.targets {
		to, err := domain.NewPair(number, pair.Other(a.message.Previous))
		if err != nil {
			continue
		}
		streams, err := a.loadWithRetry(ctx, pair, to)
		if err != nil {
			return nil, err
		}
		var cut incompleteTransfers
		for _, n := range inBoth(streams[0], streams[1]) {
			if h, is := incompleteBetween(streams[0], streams[1], n.ID); is {
				cut = cut.with(h)
			}
		}
		if err := a.complete(ctx, cut); err != nil {
			return nil, err
		}
		targets = append(targets, streams[1])
	}
	return targets, nil
}

// inBoth returns the records that have arrived in a stream and have not left the other
// one yet.
func inBoth(from, to *stream) []domain.NonAssociation {
	var both []domain.NonAssociation
	for _, n := range from.state().Items {
		if _, there := to.arrivedFrom(from.pair, n.ID); there {
			both = append(both, n)
		}
	}
	return both
}

// toTransfer returns the records of a pair that the message moves: those that are not
// deleted and were created in the period, and those that an interrupted attempt has
// already brought to their target. A record that this message moved before is left out.
// If it is here again, a later message has brought it back.
func (a *applying) toTransfer(from *stream, targets ...*stream) []domain.NonAssociation {
	gone, standing := from.removedBy(a.by.CommandID), a.existedBefore(from, targets)
	var going []domain.NonAssociation
	for _, n := range from.state().Items {
		if gone[n.ID] || !standing(n) {
			continue
		}
		arrived := slices.ContainsFunc(targets, func(to *stream) bool {
			_, is := to.arrivedFrom(from.pair, n.ID)
			return is
		})
		if arrived || !n.Deleted && a.message.Span.Contains(n, a.Clock().Location()) {
			going = append(going, n)
		}
	}
	return going
}

// existedBefore returns a test whether a record existed before the message. A record
// that was opened afterwards belongs to the old number on purpose. The test uses the
// log alone. In a listed pair it takes the state at the revision that the message's
// first fact names, or any record while there is no such fact. A record that another
// merge brought from a visited pair counts as well.
func (a *applying) existedBefore(from *stream, targets []*stream) func(domain.NonAssociation) bool {
	brought := func(n domain.NonAssociation) bool {
		return n.TransferredFrom != nil && slices.Contains(a.visited, n.TransferredFrom.Pair)
	}
	if !slices.Contains(a.listed, from.pair) {
		return brought
	}
	revision, begun := firstTransferred(a.by.CommandID, from, targets)
	if !begun {
		return func(domain.NonAssociation) bool { return true }
	}
	stood := map[uuid.UUID]bool{}
	if revision >= 0 {
		for _, n := range from.at(uint64(revision)).Items {
			stood[n.ID] = true
		}
	}
	return func(n domain.NonAssociation) bool { return stood[n.ID] || brought(n) }
}

// firstTransferred returns the lowest revision of a pair whose state a fact of the
// command was based on. -1 means before the first fact. It returns false when the
// command has left no fact about the pair.
func firstTransferred(command uuid.UUID, from *stream, targets []*stream) (lowest int64, begun bool) {
	note := func(revision int64) {
		if !begun || revision < lowest {
			lowest, begun = revision, true
		}
	}
	for i, fact := range from.facts {
		if fact.Meta.CommandID != command {
			continue
		}
		switch e := fact.Event.(type) {
		case domain.TransferredOut:
			note(int64(e.Revision)) //nolint:gosec // revisions stay far below 2⁶³
		case domain.Deleted:
			note(int64(i) - 1)
		default:
		}
	}
	for _, to := range targets {
		for _, fact := range to.facts {
			if e, is := fact.Event.(domain.TransferredIn); is && fact.Meta.CommandID == command && e.From == from.pair {
				note(int64(e.Revision)) //nolint:gosec // revisions stay far below 2⁶³
			}
		}
	}
	return lowest, begun
}

// deleteSelfPair deletes the records between two numbers of one prisoner, in as many
// appends as they need.
func (a *applying) deleteSelfPair(ctx context.Context, pair domain.Pair) (all changes, err error) {
	for over := false; !over && err == nil; {
		err = a.retryOnConflict(ctx, func(ctx context.Context) error {
			streams, err := a.load(ctx, pair)
			if err != nil {
				return err
			}
			going := a.toTransfer(streams[0])
			if over = len(going) == 0; over {
				return nil
			}
			ids := idsOf(going)
			events, err := a.decideAndAppend(ctx, streams[0], a.by, len(ids), func(count int) domain.Command {
				return domain.DeleteSelfPair{Renumbering: a.message.Renumbering, IDs: ids[:count]}
			})
			all = all.withEvents(pair, pair, events)
			return err
		})
	}
	return all, err
}

// maxLoadedPairs bounds how many streams are held in memory at once.
const maxLoadedPairs = 64

// unmergeCommandID returns the command id of the unmerge of a message. It is derived,
// so that a repeated unmerge finds its own facts.
func unmergeCommandID(message uuid.UUID) uuid.UUID { return uuid.NewSHA1(message, []byte("unmerge")) }
