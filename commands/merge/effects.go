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

// mergeEffect is what a message did to the stream of one pair: records that it brought
// there, and resident records that it closed or deleted. Previous is the number to
// which an unmerge returns the records.
type mergeEffect struct {
	domain.Renumbering
	message      uuid.UUID
	from, to     domain.Pair
	laterNumbers []domain.PrisonerNumber // numbers of the records after Previous, in order
	arrived      []arrivedRecord
	resident     []residentRecord
}

// arrivedRecord is a record as it arrived, with the closing that the merge appended to
// it, if any.
type arrivedRecord struct {
	id      uuid.UUID
	carried domain.NonAssociation
	closing *domain.Closed
}

// residentRecord is a record that was in the pair before the message, and what the
// message did to it.
type residentRecord struct {
	id       uuid.UUID
	revision uint64         // of the fact
	closing  *domain.Closed // nil: it was deleted
}

// before returns the record without the effect of the message, and the action that
// restores it. It returns false when a later command has changed the same values: the
// later command wins.
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
	before, _ := s.at(r.revision - 1).Item(r.id) // a closing has at least the opening before it
	n.ExpiryDate, n.ClosedBy, n.ClosedReason = before.ExpiryDate, before.ClosedBy, before.ClosedReason
	return n, Reopened, true
}

// pendingRestores returns the resident records that the command has not restored yet,
// in the form to restore, and the change that each restore makes.
func (t mergeEffect) pendingRestores(s *stream, command uuid.UUID) (records []domain.NonAssociation, planned changes) {
	restored := map[uuid.UUID]bool{}
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			restored[fact.Event.About()] = true
		}
	}
	for _, r := range t.resident {
		if n, done, is := r.before(s); is && !restored[r.id] {
			records, planned = append(records, n), append(planned, Change{r.id, t.to, t.to, done})
		}
	}
	return records, planned
}

// closingOf reports whether a record is still closed by this closing, and not by a
// later one.
func closingOf(n domain.NonAssociation, closing *domain.Closed) bool {
	return closing != nil && n.ExpiryDate != nil && *n.ExpiryDate == closing.ClosedAt &&
		n.ClosedBy == closing.ClosedBy && n.ClosedReason == closing.ClosedReason
}

// arrival returns the record of an id as it arrived, and false when the message did not
// bring it.
func (t mergeEffect) arrival(id uuid.UUID) (arrivedRecord, bool) {
	i := slices.IndexFunc(t.arrived, func(a arrivedRecord) bool { return a.id == id })
	if i < 0 {
		return arrivedRecord{}, false
	}
	return t.arrived[i], true
}

// closedByMerge reports whether the record is still closed by the closing that the
// merge appended.
func (t mergeEffect) closedByMerge(n domain.NonAssociation) bool {
	a, is := t.arrival(n.ID)
	return is && closingOf(n, a.closing)
}

// reopened returns the record with the expiry that it had when it arrived, if the merge
// closed it. Otherwise it returns the record unchanged.
func (t mergeEffect) reopened(n domain.NonAssociation) domain.NonAssociation {
	if a, is := t.arrival(n.ID); is && closingOf(n, a.closing) {
		n.ExpiryDate, n.ClosedBy, n.ClosedReason = a.carried.ExpiryDate, a.carried.ClosedBy, a.carried.ClosedReason
	}
	return n
}

// effectCollector collects the effects of one message: which records it brought to which
// pair, and which resident records it closed or deleted. It is given every fact of the
// log in order.
type effectCollector struct {
	message       uuid.UUID
	merged        *domain.Renumbering // the merge of the message; nil for a booking move
	alreadyUndone bool                // an unmerge was completed before
	effects       []mergeEffect
	incomplete    incompleteTransfers // transfers of other messages
}

// effectsOf reads the whole log and returns the effects of a message. An index of them
// does not exist, and a read model may be behind. An unmerge is rare, so the time is
// acceptable. Errors: ErrNothingMerged, commands.ErrBusy and faults of the store.
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

// moves reports whether events of a type can belong to a transfer. The types of earlier
// builds count as well.
func moves(eventType string) bool {
	return slices.Contains([]string{
		domain.TypeTransferredIn, domain.TypeTransferredOut, domain.TypeRenumbered, domain.TypeClosed,
	}, eventType)
}

// page reads a part of the log with retries during outages.
func (p *Process) page(ctx context.Context, from eventstore.Position, limit int) (events []eventstore.RecordedEvent, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		if events, err = p.Log.ReadAll(ctx, eventstore.Forwards, from, limit); err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		return nil
	})
	return events, err
}

// result returns the collector when the message has left any fact. Of the incomplete
// transfers it keeps those of other messages that concern the collected records.
func (t *effectCollector) result() (*effectCollector, error) {
	if len(t.effects) == 0 && t.merged == nil {
		return nil, ErrNothingMerged
	}
	var others incompleteTransfers
	for _, h := range t.incomplete {
		own := h.by.CommandID == t.message || h.by.CommandID == unmergeCommandID(t.message)
		h.ids = slices.DeleteFunc(slices.Clone(h.ids), func(id uuid.UUID) bool {
			return !slices.ContainsFunc(t.effects, func(t mergeEffect) bool { _, is := t.arrival(id); return is })
		})
		if !own && len(h.ids) > 0 {
			others = append(others, h)
		}
	}
	t.incomplete = others
	return t, nil
}

// add collects one fact. Facts must be added in the order of the log.
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

// hop returns the part of an arrival's renumbering that is due to the message, and the
// numbers that the record had from there on. A transfer of the message itself is due to
// it entirely. A transfer of another message may pass through the number that this
// message removed; then only the rest of the path is due to it. It returns false when
// no part is.
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

// effectFor returns the effect of a message, a renumbering and a pair. It adds an empty
// one when there is none.
func (t *effectCollector) effectFor(message uuid.UUID, hop domain.Renumbering, to domain.Pair, known []domain.PrisonerNumber) *mergeEffect {
	i := slices.IndexFunc(t.effects, func(o mergeEffect) bool {
		return o.message == message && o.Previous == hop.Previous && o.Number == hop.Number && o.to == to
	})
	if i < 0 {
		from, _ := domain.Renumbering{Previous: hop.Number, Number: hop.Previous}.Pair(to) // a failure leaves the zero Pair, which no record has
		t.effects = append(t.effects, mergeEffect{Renumbering: hop, message: message, from: from, to: to, laterNumbers: known})
		i = len(t.effects) - 1
	}
	return &t.effects[i]
}

// closed collects a closing that a merge appended in a pair where records arrived. It
// is either about an arrived record or about a resident one.
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

// deleted collects a record that the message deleted because both prisoners are one.
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
