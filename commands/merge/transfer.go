package merge

import (
	"context"
	"fmt"

	"nonassociations/domain"
)

// transfer moves non-associations from one pair to another. The two streams cannot be
// appended atomically, so the records are added to the new pair first and removed from
// the old one second. Many records go in parts that each fit one append. The order of
// two steps means that a record is in one of the pairs at any time.
type transfer struct {
	domain.Renumbering
	via      []domain.PrisonerNumber
	by       domain.Cause
	from, to domain.Pair
	// choose returns the records to move. It is called before each append, because
	// other writers may change the pairs in between.
	choose func(from, to *stream) []domain.NonAssociation
	undo   func(domain.NonAssociation) domain.NonAssociation // changes a record before it is moved; nil changes nothing
}

// transferRun is one execution of a transfer, with the streams as they are known. It
// loads both streams again before it removes what has arrived, and before it ends.
// Another process may work on the same message under the same event ids; the store then
// takes its append for a repeat of ours, although the content differs.
type transferRun struct {
	*Process
	transfer
	source, target *stream // nil: must be loaded
	unverified     bool    // appended to since they were loaded
	done           changes
}

// transfer executes a transfer until no record is left to move. It continues where an
// interrupted attempt stopped. The changes so far are returned together with an error.
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

// step makes at most one append. It returns true when every record has been moved.
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

// notTransferred returns the records whose last change has not been carried to the
// other pair yet.
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

// transferIn adds records to the new pair, as many as fit one append.
func (r *transferRun) transferIn(ctx context.Context, records []domain.NonAssociation) error {
	whole := r.command(r.source, r.target, records)
	return r.append(ctx, r.target, len(records), func(count int) domain.Command {
		part := whole
		part.Records = whole.Records[:count]
		return part
	})
}

// transferOut removes records from the old pair. It appends at exactly the revision
// that the arrival carried, so a fact that was appended in between is a conflict and
// not lost.
func (r *transferRun) transferOut(ctx context.Context, records []domain.NonAssociation) error {
	ids, revision := idsOf(records), r.source.revision()
	return r.append(ctx, r.source, len(ids), func(count int) domain.Command {
		return domain.TransferOut{Renumbering: r.Renumbering, Via: r.via, IDs: ids[:count], Revision: revision, To: r.to}
	})
}

// append decides a command on one of the two streams and notes that the streams must be
// loaded again. A command without events would repeat forever, so it is an error.
func (r *transferRun) append(ctx context.Context, s *stream, count int, command func(int) domain.Command) error {
	events, err := r.decideAndAppend(ctx, s, r.by, count, command)
	if err == nil && len(events) == 0 {
		return fmt.Errorf("move from %s to %s: nothing came of it", r.from, r.to) // a bug, which would loop forever
	}
	r.unverified = true
	r.done = r.done.withEvents(r.from, r.to, events)
	return err
}

// command returns the command for the new pair, for all of the records.
func (m transfer) command(from, to *stream, records []domain.NonAssociation) domain.TransferIn {
	arrive := domain.TransferIn{Renumbering: m.Renumbering, Via: m.via, From: m.from, Revision: from.revision()}
	for _, n := range records {
		arrive.Records = append(arrive.Records, m.incoming(n, from, to))
	}
	return arrive
}

// incoming returns a record as it is sent to the new pair. When both pairs have the
// record, it adds the state that they last had in common, the base of a three-way
// merge.
func (m transfer) incoming(n domain.NonAssociation, from, to *stream) domain.TransferredRecord {
	arriving := domain.TransferredRecord{NonAssociation: m.transferred(n)}
	if known := m.Known(from.knowledge(n.ID)); known.OwnSince != nil {
		arriving.Exchanged = &known
	}
	if here, is := to.arrivedFrom(m.from, n.ID); is {
		if base, there := from.at(here.TransferredFrom.Revision).Item(n.ID); there {
			base = m.transferred(base)
			arriving.Base = &base
		}
		return arriving
	}
	if _, both := to.find(n.ID); both && n.TransferredFrom != nil && n.TransferredFrom.Pair == m.to {
		if base, there := to.at(n.TransferredFrom.Revision).Item(n.ID); there {
			arriving.Base = &base
		}
	}
	return arriving
}

// transferred returns a record under its new number, without what an unmerge takes
// back.
func (m transfer) transferred(n domain.NonAssociation) domain.NonAssociation {
	if m.undo != nil {
		n = m.undo(n)
	}
	return m.Of(n)
}

// planned returns the changes that a transfer would make now. It appends nothing.
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
