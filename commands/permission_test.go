package commands_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// memberOf is staff of XAA with every role that a command needs.
func memberOf(prison domain.PrisonID) *domain.Staff {
	return &domain.Staff{
		Roles:     []string{domain.RoleNonAssociations, domain.RoleReopen, domain.RoleDelete},
		Caseloads: []domain.PrisonID{prison},
	}
}

// by binds a command to a member of staff.
func by(staff *domain.Staff, act commands.StaffCommand) commands.StaffCommand {
	act.Staff = staff
	return act
}

// byID are the four commands that name a record.
func byID(id uuid.UUID) map[string]commands.StaffCommand {
	return map[string]commands.StaffCommand{
		"amend":  amending(id, "Changed", ""),
		"close":  {ID: id, Command: domain.Close{ID: id, ClosedReason: "x"}},
		"reopen": {ID: id, Command: domain.Reopen{ID: id, ReopenReason: "x"}},
		"delete": {ID: id, Command: domain.Delete{ID: id, DeletionReason: "x"}},
	}
}

// TestStaff_areHeldToTheGrid: no command of a member of staff of another prison is
// carried out, and a right follows a prisoner who moves.
func TestStaff_areHeldToTheGrid(t *testing.T) {
	d := newStaffFixture(t)
	stranger, member := memberOf("XAB"), memberOf("XAA")
	_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), by(stranger, opening(t, "Apart", "k")))
	require.ErrorIs(t, err, commands.ErrNotPermitted)
	require.Empty(t, d.facts())
	id := d.does(by(member, opening(t, "Other words: the refusal has freed the key", "k"))).NonAssociation.ID
	for name, act := range byID(id) {
		_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), by(stranger, act))
		require.ErrorIs(t, err, commands.ErrNotPermitted, name)
	}
	require.Len(t, d.facts(), 1)

	d.directory.at = map[domain.PrisonerNumber]domain.Whereabouts{low: {Prison: "XAB"}}
	d.does(by(stranger, amending(id, "Changed", "")))
	d.directory.at[high] = domain.Whereabouts{Prison: "XAB"}
	_, err = d.Staff(t.Context(), domaintest.NewCause(domain.DPS), by(member, amending(id, "Changed again", "")))
	require.ErrorIs(t, err, commands.ErrNotPermitted, "both have left the prison")
}

// TestStaff_needTheRoleOfTheAct: the function that the screens ask decides again here.
func TestStaff_needTheRoleOfTheAct(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	bare := &domain.Staff{Roles: []string{domain.RoleNonAssociations}, Caseloads: []domain.PrisonID{"XAA"}}
	for _, name := range []string{"reopen", "delete"} {
		_, err := d.Staff(t.Context(), domaintest.NewCause(domain.DPS), by(bare, byID(id)[name]))
		require.ErrorIs(t, err, commands.ErrNotPermitted, name)
	}
	require.Len(t, d.facts(), 1)
}

// TestGrid_isAskedOnceBeforeTheLoop: a conflict costs no further question, and the
// directory never stands between load and append.
func TestGrid_isAskedOnceBeforeTheLoop(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	asked, tries := d.directory.asked.Load(), d.log.tries
	d.log.before = func(attempt int) error {
		if attempt < tries+3 {
			return eventstore.ErrConflict
		}
		return nil
	}
	d.does(by(memberOf("XAA"), amending(id, "Changed", "")))
	require.Equal(t, tries+3, d.log.tries)
	require.Equal(t, asked+1, d.directory.asked.Load())
}

// TestStaff_withoutTheDirectoryAreRefusedAsBusy walks the five commands.
func TestStaff_withoutTheDirectoryAreRefusedAsBusy(t *testing.T) {
	d := newStaffFixture(t)
	id := d.does(opening(t, "Apart", "")).NonAssociation.ID
	acts := byID(id)
	acts["open"] = opening(t, "Apart", "")
	none := commands.New(d.log, commands.Options{Clock: clock, Locator: routes{pairs{d.log}}})
	d.directory.err = errDown
	for name, act := range acts {
		for _, handler := range []*commands.Handler{d.Handler, none} {
			_, err := handler.Staff(t.Context(), domaintest.NewCause(domain.DPS), by(memberOf("XAA"), act))
			require.ErrorIs(t, err, commands.ErrBusy, name)
		}
	}
	require.Len(t, d.facts(), 1)
}

// TestGrid_isAskedOfThePairThatAMergeLeadsTo: the number that the router still names may
// be somebody whom the directory no longer knows.
func TestGrid_isAskedOfThePairThatAMergeLeadsTo(t *testing.T) {
	const survivor domain.PrisonerNumber = "S1111SS"
	log := memory.New()
	handler := newHandler(log)
	opened, err := handler.Execute(t.Context(), domaintest.NewCause(domain.DPS), domaintest.PairOf(low, high), opening(t, "Apart", "").Command)
	require.NoError(t, err)
	id := opened.NonAssociation.ID
	_, err = merge.New(merge.Options{Log: log, Handler: handler, Clock: clock}).Apply(t.Context(), domaintest.NewCause(domain.Merge), merge.Message{
		Renumbering: domain.Renumbering{Previous: high, Number: survivor, Reason: domain.ByMerge},
	}, pairs{log})
	require.NoError(t, err)

	at := map[domain.PrisonerNumber]domain.Whereabouts{low: {Prison: "XAB"}, high: {Prison: "XAA"}, survivor: {Prison: "XAB"}}
	people := &directory{at: at}
	stale := commands.New(log, commands.Options{
		Clock: clock, Directory: people, Locator: &router{known: map[uuid.UUID]domain.Pair{id: domaintest.PairOf(low, high)}},
	})
	change := func() error {
		_, err := stale.Staff(context.Background(), domaintest.NewCause(domain.DPS), by(memberOf("XAA"), amending(id, "Still apart", "")))
		return err
	}
	require.ErrorIs(t, change(), commands.ErrNotPermitted, "the survivor is in another prison")
	at[survivor] = domain.Whereabouts{Prison: "XAA"}
	require.NoError(t, change())
}
