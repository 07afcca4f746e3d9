package merge

import (
	"context"
	"fmt"

	"nonassociations/domain"
)

// transfer brings non-associations of one pair to another. Two streams cannot be
// appended at once: the records arrive in the new one first and leave the old
// one second, so that for a moment they are shown twice, and never missing. Many
// records go in parts, each of which fits an append.
type transfer struct {
	domain.Renumbering
	via      []domain.PrisonerNumber
	by       domain.Cause
	from, to domain.Pair
	// choose says what goes; it is asked again before each append.
	choose func(from, to *stream) []domain.NonAssociation
	undo   func(domain.NonAssociation) domain.NonAssociation // what does not go along; may be nil
}

// transferRun is a move with the streams as they are known. They are loaded again
// before what arrived leaves, and before the end: another process at the same
// message appends under the same ids, and the store takes the one for the other.
type transferRun struct {
	*Process
	transfer
	source, target *stream // nil: to be loaded
	unverified     bool    // something was appended since
	done           changes
}

// transfer goes on where an attempt that was cut off has stopped.
func (p *Process) transfer(ctx context.Context, m transfer) (changes, error) {
	run := &transferRun{Process: p, transfer: m}
	for over := false; !over; {
		err := p.retryOnConflict(ctx, func(ctx context.Context) (err error) {
			if over, err = run.step(ctx); err != nil {
				run.source = nil
			}
			return err
		})
		if err != nil {
			return run.done, err
		}
	}
	return run.done, nil
}

// step is one append, at most; true when everything has moved.
func (r *transferRun) step(ctx context.Context) (over bool, err error) {
	if r.source == nil {
		streams, err := r.load(ctx, r.from, r.to)
		if err != nil {
			return false, err
		}
		r.source, r.target, r.unverified = streams[0], streams[1], false
	}
	going := r.choose(r.source, r.target)
	arriving := r.notTransferred(going)
	switch {
	case len(arriving) > 0:
		return false, r.transferIn(ctx, arriving)
	case r.unverified:
		r.source = nil
		return false, nil
	case len(going) == 0:
		return true, nil
	default:
		return false, r.transferOut(ctx, going)
	}
}

// notTransferred are those whose state is not in the other pair yet.
func (r *transferRun) notTransferred(going []domain.NonAssociation) []domain.NonAssociation {
	changed := r.source.lastChanges()
	var left []domain.NonAssociation
	for _, n := range going {
		there, arrived := r.target.arrivedFrom(r.from, n.ID)
		if !arrived || there.TransferredFrom.Revision < changed[n.ID] {
			left = append(left, n)
		}
	}
	return left
}

func (r *transferRun) transferIn(ctx context.Context, records []domain.NonAssociation) error {
	whole := r.command(r.source, r.target, records)
	return r.append(ctx, r.target, len(records), func(count int) domain.Command {
		part := whole
		part.Records = whole.Records[:count]
		return part
	})
}

// transferOut is appended exactly where the arrival saw the pair: a fact that came
// between would be lost.
func (r *transferRun) transferOut(ctx context.Context, records []domain.NonAssociation) error {
	ids, revision := idsOf(records), r.source.revision()
	return r.append(ctx, r.source, len(ids), func(count int) domain.Command {
		return domain.TransferOut{Renumbering: r.Renumbering, Via: r.via, IDs: ids[:count], Revision: revision, To: r.to}
	})
}

func (r *transferRun) append(ctx context.Context, s *stream, count int, command func(int) domain.Command) error {
	events, err := r.decideAndAppend(ctx, s, r.by, count, command)
	if err == nil && len(events) == 0 {
		return fmt.Errorf("move from %s to %s: nothing came of it", r.from, r.to) // a bug: it would go on for ever
	}
	r.unverified = true
	r.done = r.done.withEvents(r.from, r.to, events)
	return err
}

// command asks the pair that the records go to for all of them.
func (m transfer) command(from, to *stream, records []domain.NonAssociation) domain.TransferIn {
	arrive := domain.TransferIn{Renumbering: m.Renumbering, Via: m.via, From: m.from, Revision: from.revision()}
	for _, n := range records {
		arrive.Records = append(arrive.Records, m.incoming(n, from, to))
	}
	return arrive
}

// incoming joins what both pairs have of a record, when an earlier attempt was
// cut off: the base is where the one took it from the other.
func (m transfer) incoming(n domain.NonAssociation, from, to *stream) domain.TransferredRecord {
	arriving := domain.TransferredRecord{NonAssociation: m.transferred(n)}
	if here, is := to.arrivedFrom(m.from, n.ID); is {
		if base, there := item(from.at(here.TransferredFrom.Revision), n.ID); there {
			base = m.transferred(base)
			arriving.Base = &base
		}
		return arriving
	}
	if _, both := to.find(n.ID); both && n.TransferredFrom != nil && n.TransferredFrom.Pair == m.to {
		if base, there := item(to.at(n.TransferredFrom.Revision), n.ID); there {
			arriving.Base = &base
		}
	}
	return arriving
}

// transferred is a non-association of the pair that it comes from as it goes.
func (m transfer) transferred(n domain.NonAssociation) domain.NonAssociation {
	if m.undo != nil {
		n = m.undo(n)
	}
	return m.Of(n)
}

// planned tells what the move would do to the pairs as they are.
func (p *Process) planned(ctx context.Context, m transfer) (changes, error) {
	streams, err := p.loadWithRetry(ctx, m.from, m.to)
	if err != nil {
		return nil, err
	}
	from, to := streams[0], streams[1]
	going := m.choose(from, to)
	if len(going) == 0 {
		return nil, nil
	}
	decision, err := domain.Decide(to.state(), m.command(from, to, going), to.folding.Now(p.Clock()), m.by)
	return changes(nil).withEvents(m.from, m.to, decision.Events), err
}
