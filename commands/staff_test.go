package commands_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/memory"
)

func comment(text string) domain.Amend { return domain.Amend{Comment: &text} }

func amending(id uuid.UUID, text, name string) commands.StaffCommand {
	amend := comment(text)
	amend.ID = id
	return commands.StaffCommand{Key: keyOf(name, text), ID: id, Command: amend}
}

func TestOpening_needsBothPrisonersToBeKnown(t *testing.T) {
	d := newStaffFixture(t)
	d.directory.missing = []domain.PrisonerNumber{low, high}
	_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	require.Equal(t, commands.MissingPrisoners{high, low}, err, "in the order in which they were named")
	require.EqualError(t, err, "Could not find the following prisoners: [A9109UD, A0135GA]")

	d.directory.missing, d.directory.nowhere = nil, []domain.PrisonerNumber{low}
	_, err = d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	var refusal domain.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.CodeNoPrison, refusal.Code)

	d.directory.nowhere, d.directory.err = nil, errDown
	_, err = d.Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", ""))
	require.ErrorIs(t, err, commands.ErrBusy)
	require.Empty(t, d.facts())

	d.directory.err = nil
	d.does(opening(t, "Other words: not found has freed the key", "k"))
	require.Len(t, d.facts(), 1)
	require.EqualValues(t, 4, d.directory.asked.Load())
}

func TestOpening_withoutADirectoryIsRefusedAsBusy(t *testing.T) {
	log := memory.New()
	_, err := newHandler(log).Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", ""))
	require.ErrorIs(t, err, commands.ErrBusy)
	_, err = newHandler(log).Staff(t.Context(), domaintest.NewCause(domain.DPS), opening(t, "Apart", "k"))
	require.ErrorIs(t, err, commands.ErrBusy, "nowhere to keep keys")
	require.Empty(t, facts(t, log, domaintest.PairOf(low, high)))
}

func TestRoles_areGivenInTheOrderOfNaming(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	act := amending(id, "Apart", "")
	act.Roles = [2]domain.Role{domain.NotRelevant, ""}
	sides := d.does(act).NonAssociation.Sides
	require.Equal(t, domain.NotRelevant, sides[high].Role, "named first")
	require.Equal(t, domain.Victim, sides[low].Role)
	act.Roles = [2]domain.Role{"", domain.UnknownRole}
	require.Equal(t, domain.UnknownRole, d.does(act).NonAssociation.Sides[low].Role)

	act.ID = uuid.New()
	require.Equal(t, domain.CodeNotFound, d.refused(act))
}

func TestRoles_followAMergeThatTheRouterHasNotSeen(t *testing.T) {
	const survivor domain.PrisonerNumber = "S1111SS"
	log := memory.New()
	handler := newHandler(log)
	opened, err := handler.Execute(t.Context(), domaintest.NewCause(domain.DPS), domaintest.PairOf(low, high), opening(t, "Apart", "").Command)
	require.NoError(t, err)
	id := opened.NonAssociation.ID
	process := merge.New(merge.Options{Log: log, Handler: handler, Clock: clock})
	_, err = process.Apply(t.Context(), domaintest.NewCause(domain.Merge), merge.Message{
		Renumbering: domain.Renumbering{Previous: high, Number: survivor, Reason: domain.ByMerge},
	}, pairs{log})
	require.NoError(t, err)
	stale := commands.New(log, commands.Options{Clock: clock, Locator: &router{known: map[uuid.UUID]domain.Pair{id: domaintest.PairOf(low, high)}}})
	act := amending(id, "Still apart", "")
	act.Roles = [2]domain.Role{domain.NotRelevant, domain.UnknownRole}
	receipt, err := stale.Staff(t.Context(), domaintest.NewCause(domain.DPS), act)
	require.NoError(t, err)
	require.Equal(t, domaintest.PairOf(survivor, low), receipt.Pair)
	require.Equal(t, domain.NotRelevant, receipt.NonAssociation.Sides[survivor].Role)
	require.Equal(t, domain.UnknownRole, receipt.NonAssociation.Sides[low].Role)
}

func TestIfMatch_isComparedByEveryCommand(t *testing.T) {
	d := newStaffFixture(t)
	d.now = noon
	receipt := d.does(opening(t, "Apart", ""))
	id, seen := receipt.NonAssociation.ID, receipt.NonAssociation.LastEventID
	fresh := d.does(amending(id, "Further apart", "")).NonAssociation.LastEventID

	for _, command := range []domain.Command{
		comment("x"), domain.Close{ID: id, ClosedReason: "x"}, domain.Reopen{ID: id, ReopenReason: "x"}, domain.Delete{ID: id, DeletionReason: "x"},
	} {
		if amend, is := command.(domain.Amend); is {
			amend.ID = id
			command = amend
		}
		require.Equal(t, domain.CodeStale, d.refused(commands.StaffCommand{ID: id, IfMatch: domain.FactsSeen{seen, uuid.New()}, Command: command}))
	}
	require.Len(t, d.facts(), 2)
	d.does(commands.StaffCommand{ID: id, IfMatch: domain.FactsSeen{seen, fresh}, Command: domain.Delete{ID: id, DeletionReason: "x"}})

	act := opening(t, "Apart again", "")
	act.IfMatch = domain.FactsSeen{fresh}
	require.Equal(t, domain.CodeStale, d.refused(act), "nothing that was read is about to change")
}
