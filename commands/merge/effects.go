package merge

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// mergeEffect is what a message did in the stream of one pair: records arrived there,
// and others that were there were closed or deleted. Previous is the number that
// is right again when it is taken back.
type mergeEffect struct {
	domain.Renumbering
	message      uuid.UUID
	from, to     domain.Pair
	laterNumbers []domain.PrisonerNumber // that the records had from Previous on, in order
	arrived      []arrivedRecord
	resident     []residentRecord
}

// arrivedRecord is a record as it came, and the closing that it met, if any.
type arrivedRecord struct {
	id      uuid.UUID
	carried domain.NonAssociation
	closing *domain.Closed
}

// residentRecord is what a message did to a record that stood where it stands.
type residentRecord struct {
	id       uuid.UUID
	revision uint64         // of the fact
	closing  *domain.Closed // nil: it was deleted
}

// before is the record without what the message did to it, and what it takes to
// make it so; false when a later word has changed that already.
func (r residentRecord) before(s *stream) (n domain.NonAssociation, done Action, is bool) {
	n, here := s.find(r.id)
	switch {
	case !here:
		return n, "", false
	case r.closing == nil:
		was := n.Deleted
		n.Deleted = false
		return n, Restored, was
	case n.Deleted || !closingOf(n, r.closing):
		return n, "", false
	}
	before, _ := item(s.at(r.revision-1), r.id) // it was opened, so there is a revision before
	n.ExpiryDate, n.ClosedBy, n.ClosedReason = before.ExpiryDate, before.ClosedBy, before.ClosedReason
	return n, Reopened, true
}

// pendingRestores are the residents that a command has not restored yet, as they are to be,
// and what that does to each.
func (t mergeEffect) pendingRestores(s *stream, command uuid.UUID) (records []domain.NonAssociation, planned changes) {
	restored := map[uuid.UUID]bool{}
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			restored[fact.Event.Concerns()] = true
		}
	}
	for _, r := range t.resident {
		if n, done, is := r.before(s); is && !restored[r.id] {
			records, planned = append(records, n), append(planned, Change{r.id, t.to, t.to, done})
		}
	}
	return records, planned
}

// closingOf reports whether a closing is still what closes a record.
func closingOf(n domain.NonAssociation, closing *domain.Closed) bool {
	return closing != nil && n.ExpiryDate != nil && *n.ExpiryDate == closing.ClosedAt &&
		n.ClosedBy == closing.ClosedBy && n.ClosedReason == closing.ClosedReason
}

func (t mergeEffect) arrival(id uuid.UUID) (arrivedRecord, bool) {
	i := slices.IndexFunc(t.arrived, func(a arrivedRecord) bool { return a.id == id })
	if i < 0 {
		return arrivedRecord{}, false
	}
	return t.arrived[i], true
}

// closedByMerge reports whether the closing that the merge made is still what closes a
// record.
func (t mergeEffect) closedByMerge(n domain.NonAssociation) bool {
	a, is := t.arrival(n.ID)
	return is && closingOf(n, a.closing)
}

// reopened is a record without that closing.
func (t mergeEffect) reopened(n domain.NonAssociation) domain.NonAssociation {
	if a, is := t.arrival(n.ID); is && closingOf(n, a.closing) {
		n.ExpiryDate, n.ClosedBy, n.ClosedReason = a.carried.ExpiryDate, a.carried.ClosedBy, a.carried.ClosedReason
	}
	return n
}

// effectCollector goes through the log in its order.
type effectCollector struct {
	message       uuid.UUID
	merged        *domain.Renumbering // the merge that the message told, if it did
	alreadyUndone bool                // it was taken back before
	effects       []mergeEffect
	incomplete    incompleteTransfers // those of others that the traces would meet
}

// effectsOf goes through the whole log, because nothing else knows for sure.
func (p *Process) effectsOf(ctx context.Context, message uuid.UUID) (*effectCollector, error) {
	const page = 500
	t, id := &effectCollector{message: message}, []byte(message.String())
	for from := eventstore.Start; ; {
		events, err := p.page(ctx, from, page)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if e.Position == from || !domain.IsOurs(e.Stream) || !moves(e.Type) && !bytes.Contains(e.Metadata, id) && e.Type != domain.TypeUnmerged {
				continue
			}
			fact, err := eventstore.Decode(p.catalogue, e)
			if err != nil {
				return nil, fmt.Errorf("read the log: %w", err)
			}
			if err := t.add(fact, e); err != nil {
				return nil, fmt.Errorf("read the log: %w", err)
			}
		}
		if len(events) < page {
			return t.result()
		}
		from = events[len(events)-1].Position
	}
}

// moves reports whether a type, of any build, moves records between pairs.
func moves(eventType string) bool {
	return slices.Contains([]string{
		domain.TypeTransferredIn, domain.TypeTransferredOut, domain.TypeRenumbered, domain.TypeClosed,
	}, eventType)
}

// page is one read that outlives outages for a while.
func (p *Process) page(ctx context.Context, from eventstore.Position, limit int) (events []eventstore.RecordedEvent, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		if events, err = p.Log.ReadAll(ctx, eventstore.Forwards, from, limit); err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		return nil
	})
	return events, err
}

func (t *effectCollector) result() (*effectCollector, error) {
	if len(t.effects) == 0 && t.merged == nil {
		return nil, ErrNothingMerged
	}
	var met incompleteTransfers
	for _, h := range t.incomplete {
		own := h.by.CommandID == t.message || h.by.CommandID == unmergeCommandID(t.message)
		h.ids = slices.DeleteFunc(slices.Clone(h.ids), func(id uuid.UUID) bool {
			return !slices.ContainsFunc(t.effects, func(t mergeEffect) bool { _, is := t.arrival(id); return is })
		})
		if !own && len(h.ids) > 0 {
			met = append(met, h)
		}
	}
	t.incomplete = met
	return t, nil
}

func (t *effectCollector) add(fact domain.Fact, recorded eventstore.RecordedEvent) error {
	t.incomplete = t.incomplete.after(fact)
	own := fact.Meta.CommandID == t.message
	switch e := fact.Event.(type) {
	case domain.PrisonerMerged:
		if own {
			t.merged = &e.Renumbering
		}
	case domain.PrisonerUnmerged:
		t.alreadyUndone = t.alreadyUndone || e.Message == t.message
	case domain.TransferredIn:
		if hop, known, is := t.hop(e, own); is {
			at := t.effectFor(fact.Meta.CommandID, hop, e.To, known)
			at.arrived = append(at.arrived, arrivedRecord{id: e.NonAssociationID, carried: e.NonAssociation})
		}
	case domain.Closed:
		return t.closed(e, fact, recorded)
	case domain.Deleted:
		return t.deleted(e, fact, recorded)
	default:
	}
	return nil
}

// hop is the change of a number that the message accounts for in an arrival: all
// of it when it is the message's own, else the part of the way from the number
// that the message removed on. known are the numbers from there on, in order.
func (t *effectCollector) hop(e domain.TransferredIn, own bool) (domain.Renumbering, []domain.PrisonerNumber, bool) {
	passed := append(slices.Clone(e.Via), e.Number)
	if own {
		return e.Renumbering, passed, true
	}
	if t.merged == nil || t.alreadyUndone {
		return domain.Renumbering{}, nil, false
	}
	i := slices.Index(passed, t.merged.Number)
	if i < 1 || passed[i-1] != t.merged.Previous {
		return domain.Renumbering{}, nil, false
	}
	return domain.Renumbering{Previous: t.merged.Previous, Number: e.Number, Reason: e.Reason}, passed[i:], true
}

// effectFor is the one of a message, a hop and a pair; a new one where there is none.
func (t *effectCollector) effectFor(message uuid.UUID, hop domain.Renumbering, to domain.Pair, known []domain.PrisonerNumber) *mergeEffect {
	i := slices.IndexFunc(t.effects, func(o mergeEffect) bool {
		return o.message == message && o.Previous == hop.Previous && o.Number == hop.Number && o.to == to
	})
	if i < 0 {
		from, _ := domain.Renumbering{Previous: hop.Number, Number: hop.Previous}.Pair(to) // the zero Pair is nowhere
		t.effects = append(t.effects, mergeEffect{Renumbering: hop, message: message, from: from, to: to, laterNumbers: known})
		i = len(t.effects) - 1
	}
	return &t.effects[i]
}

// closed notes a closing that a merge made in a pair where records arrived.
func (t *effectCollector) closed(e domain.Closed, fact domain.Fact, recorded eventstore.RecordedEvent) error {
	if fact.Meta.Source != domain.Merge || e.ClosedReason != domain.ByMerge {
		return nil
	}
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return err
	}
	for i := range t.effects {
		at := &t.effects[i]
		if at.message != fact.Meta.CommandID || at.to != pair {
			continue
		}
		if k := slices.IndexFunc(at.arrived, func(a arrivedRecord) bool { return a.id == e.NonAssociationID }); k >= 0 {
			at.arrived[k].closing = &e
			return nil
		}
		at.resident = append(at.resident, residentRecord{id: e.NonAssociationID, revision: recorded.Revision, closing: &e})
		return nil
	}
	return nil
}

// deleted notes what the message deleted between the two numbers.
func (t *effectCollector) deleted(e domain.Deleted, fact domain.Fact, recorded eventstore.RecordedEvent) error {
	if fact.Meta.CommandID != t.message {
		return nil
	}
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return err
	}
	hop := domain.Renumbering{Previous: pair.Other(fact.Meta.About), Number: fact.Meta.About}
	if t.merged != nil {
		hop = *t.merged
	}
	at := t.effectFor(t.message, hop, pair, nil)
	at.resident = append(at.resident, residentRecord{id: e.NonAssociationID, revision: recorded.Revision})
	return nil
}
