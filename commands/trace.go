package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// trace is what a message did to one non-association.
type trace struct {
	domain.Renumbering
	id       uuid.UUID
	from, to domain.Pair
	carried  domain.NonAssociation // as it arrived
	closing  *domain.Closed        // in the same decision
	deleted  bool                  // then from is where, and revision when
	revision uint64
}

// isShut tells whether the closing that the merge made is still what closes it.
func (t trace) isShut(n domain.NonAssociation) bool {
	return t.closing != nil && n.ExpiryDate != nil && *n.ExpiryDate == t.closing.ClosedAt &&
		n.ClosedBy == t.closing.ClosedBy && n.ClosedReason == t.closing.ClosedReason
}

// reopened is it without that closing.
func (t trace) reopened(n domain.NonAssociation) domain.NonAssociation {
	if t.isShut(n) {
		n.ExpiryDate, n.ClosedBy, n.ClosedReason = t.carried.ExpiryDate, t.carried.ClosedBy, t.carried.ClosedReason
	}
	return n
}

// tracesOf goes through the whole log, because nothing else knows for sure. The
// halves are those of others that the traces would meet.
func (h *Handler) tracesOf(ctx context.Context, message uuid.UUID) (traces []trace, halves []half, err error) {
	const page = 500
	id := []byte(message.String())
	for from := eventstore.Start; ; {
		events, err := h.page(ctx, from, page)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range events {
			concerns := e.Type == domain.TypeRenumbered || bytes.Contains(e.Metadata, id)
			if !strings.HasPrefix(e.Stream, domain.StreamPrefix) || !concerns || e.Position == from {
				continue
			}
			fact, err := eventstore.Decode(h.catalogue, e)
			if err != nil {
				return nil, nil, fmt.Errorf("read the log: %w", err)
			}
			halves = halvesAfter(halves, fact)
			if fact.Meta.CommandID == message {
				traces, err = follow(traces, fact, e)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("read the log: %w", err)
			}
		}
		if len(events) < page {
			break
		}
		from = events[len(events)-1].Position
	}
	if len(traces) == 0 {
		return nil, nil, ErrNothingMerged
	}
	return traces, slices.DeleteFunc(halves, func(h half) bool {
		own := h.by.CommandID == message || h.by.CommandID == takenBack(message)
		return own || !slices.ContainsFunc(traces, func(t trace) bool { return t.id == h.id })
	}), nil
}

// page is one read that outlives outages until its time is over.
func (h *Handler) page(ctx context.Context, from eventstore.Position, limit int) ([]eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	for wait := newPause(); ; {
		events, err := h.log.ReadAll(ctx, eventstore.Forwards, from, limit)
		if err == nil {
			return events, nil
		}
		if !errors.Is(err, eventstore.ErrUnavailable) || wait.next(ctx) != nil {
			return nil, busyWhenLate(ctx, fmt.Errorf("read the log: %w", err))
		}
	}
}

// follow adds a fact of the message to the trace of its non-association.
func follow(traces []trace, fact domain.Fact, recorded eventstore.Recorded) ([]trace, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return nil, err
	}
	id := fact.Event.Concerns()
	i := slices.IndexFunc(traces, func(t trace) bool { return t.id == id })
	if i < 0 {
		i = len(traces)
		traces = append(traces, trace{id: id})
	}
	switch e := fact.Event.(type) {
	case domain.PrisonerRenumbered:
		if e.NonAssociation != nil {
			traces[i].Renumbering, traces[i].from, traces[i].to, traces[i].carried = e.Renumbering, e.From, e.To, *e.NonAssociation
		}
	case domain.Closed:
		traces[i].closing = &e
	case domain.Deleted:
		traces[i].deleted, traces[i].from, traces[i].revision = true, pair, recorded.Revision
		traces[i].Number, traces[i].Previous = fact.Meta.About, pair.Other(fact.Meta.About)
	default:
	}
	return traces, nil
}
