package screens_test

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// decidedLog is a log that recorded each fact when it was decided, so that the clock of a
// house rules when facts were recorded too.
type decidedLog struct{ eventstore.Store }

// decided returns events with the time of recording.
func decided(events []eventstore.RecordedEvent) []eventstore.RecordedEvent {
	events = slices.Clone(events)
	for i, event := range events {
		if fact, err := eventstore.Decode(domain.Events(), event); err == nil {
			events[i].RecordedAt = fact.Meta.DecidedAt
		}
	}
	return events
}

func (d decidedLog) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	events, err := d.Store.ReadStream(ctx, stream, direction, from, limit)
	return decided(events), err
}

func (d decidedLog) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := d.Store.ReadMany(ctx, streams)
	for i := range read {
		read[i].Events = decided(read[i].Events)
	}
	return read
}

func (d decidedLog) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	events, err := d.Store.ReadAll(ctx, direction, from, limit)
	return decided(events), err
}

func (d decidedLog) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	return d.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		if m.Kind == eventstore.EventAppeared {
			m.Event = decided([]eventstore.RecordedEvent{m.Event})[0]
		}
		return deliver(m)
	})
}

// tell has NOMIS, or a migration, tell the records of a pair, waits for the read model,
// and returns the record that the first item came to.
func (h *house) tell(source domain.Source, about, other domain.PrisonerNumber, items ...domain.Item) uuid.UUID {
	h.t.Helper()
	return h.does(source, "NOMIS_USER", about, other, domain.Sync{About: about, Items: items}).NonAssociation.ID
}

// does runs a command of a source, and waits until the read model has it.
func (h *house) does(source domain.Source, user string, a, b domain.PrisonerNumber, command domain.Command) commands.Receipt {
	h.t.Helper()
	pair, err := domain.NewPair(a, b)
	require.NoError(h.t, err)
	cause := domain.Cause{CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: user, Source: source, About: a}
	receipt, err := h.commands.Execute(h.t.Context(), cause, pair, command)
	require.NoError(h.t, err)
	h.reflects(receipt.Position.Uint64())
	return receipt
}

// item is a detail of NOMIS between two prisoners, with changes.
func item(a, b domain.PrisonerNumber, change ...func(*domain.Item)) domain.Item {
	comment := "Seen fighting"
	i := domain.Item{
		EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing, TypeSequence: 1, Comment: &comment,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{a: domain.CodeBullying, b: domain.CodeVictim},
	}
	for _, c := range change {
		c(&i)
	}
	return i
}

// merge makes a number another, and returns the message that said so.
func (h *house) merge(previous, number domain.PrisonerNumber) uuid.UUID {
	h.t.Helper()
	by := domain.Cause{CommandID: uuid.New(), Actor: "MERGER", Source: domain.Merge}
	renumbering := domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}
	_, err := h.merges().Apply(h.t.Context(), by, merge.Message{Renumbering: renumbering}, h.reads)
	require.NoError(h.t, err)
	h.catchUp()
	return by.CommandID
}

// unmerge takes a merge back.
func (h *house) unmerge(message uuid.UUID) {
	h.t.Helper()
	by := domain.Cause{CommandID: message, Actor: "OPERATOR", Source: domain.Merge}
	_, err := h.merges().Undo(h.t.Context(), by, "They are two men", false)
	require.NoError(h.t, err)
	h.catchUp()
}

func (h *house) merges() *merge.Process {
	return merge.New(merge.Options{Log: h.log, Handler: h.commands, Clock: h.clock})
}

// catchUp waits until the read model reflects the whole log.
func (h *house) catchUp() {
	h.t.Helper()
	head, err := h.commands.Head(h.t.Context())
	require.NoError(h.t, err)
	h.reflects(head.Uint64())
}

// writes opens a record without waiting for the read model.
func (h *house) writes(a, b domain.PrisonerNumber) {
	h.t.Helper()
	pair, err := domain.NewPair(a, b)
	require.NoError(h.t, err)
	cause := domain.Cause{CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: "OFFICER_A", Source: domain.DPS, About: a}
	_, err = h.commands.Execute(h.t.Context(), cause, pair, domain.Open{
		FirstPrisoner: a, Comment: "Keep them apart", Reason: domain.Bullying, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{a: domain.Victim, b: domain.Perpetrator},
	})
	require.NoError(h.t, err)
}
