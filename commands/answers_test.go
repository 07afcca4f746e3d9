package commands_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// everyKind is what NOMIS tells of a pair that was told of before, so that all
// kinds of outcome come of it: the fact of the new one comes after that of the
// changed one, and some items have no fact at all.
func everyKind(t *testing.T, log eventstore.Store) (domain.Pair, domain.Sync, []domain.OutcomeKind) {
	t.Helper()
	pair := domaintest.PairOf(low, high)
	before := domain.Sync{About: high, Items: []domain.Item{
		timed("2018-01-01T00:00:00", "2018-02-01T00:00:00"), timed("2019-01-01T00:00:00", "2019-02-01T00:00:00"), timed("2020-01-01T00:00:00", ""),
	}}
	_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: before}})
	require.NoError(t, err)
	learned, changed := before.Items[1], before.Items[0]
	learned.TypeSequence = 7
	changed.TypeCode = domain.TypeCell
	second := domain.Sync{About: low, Items: []domain.Item{
		timed("2017-01-01T00:00:00", "2017-02-01T00:00:00"),
		learned,
		timed("2016-01-01T00:00:00", ""),
		changed,
		before.Items[2],
	}}
	return pair, second, []domain.OutcomeKind{
		domain.Created, domain.Unchanged, domain.WasIgnored, domain.Changed, domain.Unchanged,
	}
}

// The answer of a request that was lost with its process, given by another one
// on another day, is the answer that was lost.
func TestLostAnswer_ofNOMISIsGivenItemByItem(t *testing.T) {
	for name, later := range map[string]func(t *testing.T, log eventstore.Store, pair domain.Pair){
		"at once": func(*testing.T, eventstore.Store, domain.Pair) {},
		"when others have built on it": func(t *testing.T, log eventstore.Store, pair domain.Pair) {
			item := timed("2020-01-01T00:00:00", "2021-01-01T00:00:00")
			_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: high, Items: []domain.Item{item}}}})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, cause := newFaulty(), domaintest.NewCause(domain.NOMIS)
			pair, tell, kinds := everyKind(t, log)
			request := []commands.PairSync{{Pair: pair, Sync: tell}}
			wanted, err := newHandler(copyOf(t, log.Store, pair)).Sync(t.Context(), cause, request)
			require.NoError(t, err)
			for i, kind := range kinds {
				require.Equal(t, kind, wanted.Outcomes[0][i].Kind)
			}

			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			guess := log.tries + 1 // meets a conflict, as the pair is not new
			log.after = func(attempt int) error {
				if attempt == guess {
					return nil
				}
				leave()
				return eventstore.ErrUnavailable
			}
			_, err = newHandler(log).Sync(ctx, cause, request)
			require.ErrorIs(t, err, context.Canceled)
			size := len(facts(t, log, pair))
			require.Equal(t, cause.CommandID, facts(t, log, pair)[size-1].Meta.CommandID)
			log.after = func(int) error { return nil }
			later(t, log, pair)

			answer, err := at(t, log, "2031-07-15T12:00:00").Sync(t.Context(), cause, request)
			require.NoError(t, err)
			require.Equal(t, wanted.Outcomes, answer.Outcomes)
			for _, fact := range facts(t, log, pair)[size:] {
				require.NotEqual(t, cause.CommandID, fact.Meta.CommandID)
			}
		})
	}
}

// copyOf is a log of its own with the same facts of a pair.
func copyOf(t *testing.T, log eventstore.Store, pair domain.Pair) eventstore.Store {
	t.Helper()
	copied := memory.New()
	write := eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream}
	for _, recorded := range log.ReadMany(t.Context(), []string{pair.Stream()})[0].Events {
		write.Events = append(write.Events, recorded.Event)
	}
	_, err := copied.Append(t.Context(), write)
	require.NoError(t, err)
	return copied
}

// Each command is written, and then a conflict is reported: what carries its id
// in what is loaded then is the answer, and nothing is decided anew.
func TestRepeat_isAnsweredFromTheFactsOfItsCommand(t *testing.T) {
	pair, words := domaintest.PairOf(low, high), "other words"
	open := domain.Open{FirstPrisoner: low, Comment: "apart", Reason: domain.Threat, Restriction: domain.Cell}
	for name, given := range map[string]struct {
		before []func(uuid.UUID) domain.Command
		asked  func(uuid.UUID) domain.Command
		facts  int
	}{
		"tell":   {nil, func(uuid.UUID) domain.Command { return told(pair, "apart")[0].Sync }, 1},
		"open":   {nil, func(uuid.UUID) domain.Command { return open }, 1},
		"amend":  {nil, func(id uuid.UUID) domain.Command { return domain.Amend{ID: id, Comment: &words} }, 2},
		"close":  {nil, func(id uuid.UUID) domain.Command { return domain.Close{ID: id, ClosedReason: "x"} }, 2},
		"delete": {nil, func(id uuid.UUID) domain.Command { return domain.Delete{ID: id, RequestedBy: "x"} }, 2},
		"reopen": {
			[]func(uuid.UUID) domain.Command{func(id uuid.UUID) domain.Command { return domain.Close{ID: id, ClosedReason: "x"} }},
			func(id uuid.UUID) domain.Command { return domain.Reopen{ID: id, ReopenReason: "x"} }, 3,
		},
	} {
		for _, conflict := range []bool{true, false} {
			log, cause := newFaulty(), domaintest.NewCause(domain.DPS)
			h := newHandler(log)
			var id uuid.UUID
			if given.facts > 1 {
				receipt, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, open)
				require.NoError(t, err)
				id = receipt.NonAssociation.ID
			}
			for _, command := range given.before {
				_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, command(id))
				require.NoError(t, err)
			}
			tries := log.tries
			log.after = func(attempt int) error {
				if attempt == tries+1 && conflict {
					return eventstore.ErrConflict
				}
				return nil
			}
			answer, err := h.Execute(t.Context(), cause, pair, given.asked(id))
			require.NoError(t, err, name)
			require.Len(t, facts(t, log, pair), given.facts, name)
			again, err := at(t, log, "2031-07-15T12:00:00").Execute(t.Context(), cause, pair, given.asked(id))
			require.NoError(t, err, name)
			require.Equal(t, answer.NonAssociation, again.NonAssociation, name)
			require.Equal(t, answer.Revision, again.Revision, name)
			require.Equal(t, noon.Unix(), again.At.Unix(), name)
			require.Len(t, facts(t, log, pair), given.facts, name)
		}
	}
}

// laggard is a read model that knows nothing until a request waits for it.
type laggard struct {
	routes
	waited bool
}

func (l *laggard) PairOf(ctx context.Context, id uuid.UUID, _ uint64) (domain.Pair, bool, error) {
	if !l.waited {
		return domain.Pair{}, false, nil
	}
	return l.routes.PairOf(ctx, id, 0)
}

func (l *laggard) WaitFor(context.Context, uint64) error {
	l.waited = true
	return nil
}

// The answer was lost, a merge took the record to another pair, and the repeat
// comes to a process whose read model is behind: it must find what was done
// where it was done, and not do it again where the record is now.
func TestRepeat_waitsForTheRouterAsAFirstAttemptDoes(t *testing.T) {
	const survivor domain.PrisonerNumber = "S1111SS"
	reason := "x"
	for name, of := range map[string]func(uuid.UUID) domain.Command{
		"amend":  func(id uuid.UUID) domain.Command { return domain.Amend{ID: id, Comment: &reason} },
		"close":  func(id uuid.UUID) domain.Command { return domain.Close{ID: id, ClosedReason: reason} },
		"delete": func(id uuid.UUID) domain.Command { return domain.Delete{ID: id, DeletionReason: reason} },
	} {
		t.Run(name, func(t *testing.T) {
			d := newStaffFixture(t)
			id := d.does(opening(t, "Apart", "")).NonAssociation.ID
			act := commands.StaffCommand{Key: keyOf("k", name), ID: id, Command: of(id)}
			d.crashed(act)
			if name != "delete" { // what is deleted stays where it is
				process := merge.New(merge.Options{Log: d.log, Handler: d.Handler, Clock: clock})
				_, err := process.Apply(t.Context(), domaintest.NewCause(domain.Merge), merge.Message{
					Renumbering: domain.Renumbering{Previous: low, Number: survivor, Reason: domain.ByMerge},
				}, pairs{d.log})
				require.NoError(t, err)
			}
			size := len(facts(t, d.log, domaintest.PairOf(survivor, high)))
			behind := &laggard{routes: routes{pairs{d.log}}}
			h := commands.New(d.log, commands.Options{Clock: clock, Locator: behind, Directory: d.directory, Keys: d.keys, Timeout: 5 * time.Second})
			receipt, err := h.Staff(t.Context(), domaintest.NewCause(domain.DPS), act)
			require.NoError(t, err)
			require.Equal(t, domaintest.PairOf(low, high), receipt.Pair, "as it was when it was done")
			require.Len(t, facts(t, d.log, domaintest.PairOf(survivor, high)), size)
		})
	}
}
