package nomis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// EditsConsumer is the name of an EditCounter in health and metrics. It is the same in all
// processes.
const EditsConsumer = "nomisEdits"

// EditCounterOptions are what an EditCounter depends on. Poll and Beat may be left out.
type EditCounterOptions struct {
	Feed  Feed
	Store *store.Store
	// Prisons returns the prison of each prisoner whose place is known. An error means that
	// one of them was not looked up.
	Prisons func(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error)
	// Exclusively runs do in one process at a time. An error means that do did not run.
	Exclusively func(ctx context.Context, do func(context.Context)) error
	Poll        time.Duration    // how often the log is looked at, 2 s when zero
	Clock       func() time.Time // in Europe/London
	Logger      *slog.Logger
	// Beat is the heartbeat of the loop. Its argument is the fault that holds it up, or nil.
	Beat func(fault error)
}

// EditCounter counts the changes that staff still make in NOMIS, by prison and day, each
// exactly once: those that were taken over, those that came by sync while NOMIS's changes
// were not allowed, and those that a comparison found then. A change counts in the prisons
// where its two prisoners are when it is counted, twice when these are two. While the
// directory does not answer, nothing is counted and nothing is left out. Several may run, in
// any process: one of them is at work.
//
// What a person took over in a repair is not counted: it was counted when NOMIS's staff
// changed it.
type EditCounter struct{ EditCounterOptions }

// NewEditCounter returns an EditCounter. It does nothing until Run.
func NewEditCounter(options EditCounterOptions) *EditCounter { return &EditCounter{options} }

// editsAtOnce is how many changes are counted in one transaction. Their prisoners fit one
// request to the directory.
const editsAtOnce = 500

// Run counts until the context ends, and then returns nil. It retries during outages of
// Postgres, of the event store and of the directory, from its checkpoint.
func (c *EditCounter) Run(ctx context.Context) error {
	return follower{
		feed: c.Feed, wants: mayBeEdit, most: editsAtOnce,
		types: []string{
			domain.TypeOpened, domain.TypeAmended, domain.TypeClosed, domain.TypeReopened, domain.TypeDeleted, domain.TypeIgnored,
		},
		checkpoint: c.Store.EditCheckpoint, exclusively: c.Exclusively, poll: c.Poll, logger: c.Logger, beat: c.Beat,
		failed: "the changes of NOMIS's staff are not counted, retrying",
	}.run(ctx, func(ctx context.Context, do func(context.Context, handler) error) error { return do(ctx, c) })
}

// mayBeEdit reports whether a fact says that NOMIS's staff changed something, as far as the
// fact alone tells. A record that only has another sequence was changed by nobody.
func mayBeEdit(entry audit.Entry) bool {
	if entry.Fact.Meta.Source != domain.NOMIS {
		return false
	}
	switch e := entry.Fact.Event.(type) {
	case domain.Opened, domain.Closed, domain.Reopened, domain.Deleted:
		return true
	case domain.Amended:
		return slices.ContainsFunc(e.Changes, func(c domain.Change) bool { return c.Field != domain.FieldTypeSequence })
	case domain.Ignored:
		return e.Reason == domain.Switched
	default:
		return false
	}
}

// edit is one change of NOMIS's staff.
type edit struct {
	pair domain.Pair
	at   time.Time
}

// keep counts the edits among facts.
func (c *EditCounter) keep(ctx context.Context, from, to uint64, facts []audit.Entry) error {
	edits, err := c.editsOf(ctx, facts)
	if err != nil {
		return err
	}
	return c.count(ctx, store.Counting{From: from, To: to}, edits)
}

// restart forgets what was counted, so that the other log is counted from its beginning.
func (c *EditCounter) restart(ctx context.Context, from uint64) error {
	return c.Store.RestartEdits(ctx, from)
}

// rest counts the edits that no fact tells.
func (c *EditCounter) rest(ctx context.Context) error {
	for {
		found, err := c.Store.FoundEdits(ctx, editsAtOnce)
		if err != nil || len(found) == 0 {
			return err
		}
		at, err := c.Store.EditCheckpoint(ctx)
		if err != nil {
			return err
		}
		counting, edits := store.Counting{From: at, To: at}, make([]edit, len(found))
		for i, f := range found {
			counting.Found, edits[i] = append(counting.Found, f.ID), edit{f.Pair, f.At}
		}
		if err := c.count(ctx, counting, edits); err != nil {
			return err
		}
	}
}

// editsOf returns the edits that facts tell. The facts of one command about one record are
// one edit. What the service wrote itself is none, nor what a person took over in a repair.
func (c *EditCounter) editsOf(ctx context.Context, facts []audit.Entry) ([]edit, error) {
	if len(facts) == 0 {
		return nil, nil
	}
	own, err := c.Store.Authors(ctx)
	if err != nil {
		return nil, err
	}
	var pairs []domain.Pair
	for _, e := range facts {
		pairs = append(pairs, e.Fact.Pair)
	}
	repairers, err := c.Store.Repairers(ctx, pairs)
	if err != nil {
		return nil, err
	}
	type act struct{ command, record uuid.UUID }
	var edits []edit
	counted := map[act]bool{}
	for _, e := range facts {
		f, of := e.Fact, act{e.Fact.Meta.CommandID, e.Fact.Event.About()}
		if of.record == uuid.Nil {
			of.record = f.ID // a record that is only in NOMIS
		}
		if counted[of] || slices.Contains(own, f.Meta.Actor) || slices.Contains(repairers[f.Pair], f.Meta.Actor) {
			continue
		}
		counted[of] = true
		edits = append(edits, edit{f.Pair, f.Meta.DecidedAt})
	}
	return edits, nil
}

// count asks where the prisoners are, and counts edits there.
func (c *EditCounter) count(ctx context.Context, counting store.Counting, edits []edit) error {
	var numbers []domain.PrisonerNumber
	for _, e := range edits {
		one, other := e.pair.Numbers()[0], e.pair.Numbers()[1]
		numbers = append(numbers, one, other)
	}
	slices.Sort(numbers)
	var at map[domain.PrisonerNumber]domain.PrisonID
	if numbers = slices.Compact(numbers); len(numbers) > 0 {
		var err error
		if at, err = c.Prisons(ctx, numbers); err != nil {
			return fmt.Errorf("ask where prisoners are: %w", errors.Join(ErrPlacesUnknown, err))
		}
	}
	now := c.Clock()
	counting.Today, counting.Edits = domain.Today(now), editsByPrison(edits, at, now.Location())
	return c.Store.CountEdits(ctx, counting)
}

// ErrPlacesUnknown means that the directory did not say where prisoners are.
var ErrPlacesUnknown = errors.New("the directory does not say where prisoners are")

// editsByPrison adds edits up by prison and day, in this order: rows are locked in it.
func editsByPrison(edits []edit, at map[domain.PrisonerNumber]domain.PrisonID, london *time.Location) []store.PrisonEdit {
	type place struct {
		prison domain.PrisonID
		day    string
	}
	sums := map[place]store.PrisonEdit{}
	for _, e := range edits {
		one, other := at[e.pair.Numbers()[0]], at[e.pair.Numbers()[1]]
		for _, prison := range slices.Compact([]domain.PrisonID{one, other}) {
			if !prison.IsPrison() {
				continue
			}
			of := place{prison, domain.Today(e.at.In(london))}
			sum := sums[of]
			sum.Prison, sum.Day, sum.Edits = of.prison, of.day, sum.Edits+1
			if e.at.After(sum.Last) {
				sum.Last = e.at
			}
			sums[of] = sum
		}
	}
	all := make([]store.PrisonEdit, 0, len(sums))
	for _, sum := range sums {
		all = append(all, sum)
	}
	slices.SortFunc(all, func(a, b store.PrisonEdit) int {
		return cmp.Or(cmp.Compare(a.Prison, b.Prison), cmp.Compare(a.Day, b.Day))
	})
	return all
}
