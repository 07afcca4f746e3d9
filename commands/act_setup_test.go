package commands_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/testdb"
)

// keyTables is a database with the tables of idempotency keys.
var keyTables = testdb.NewTemplate(idempotency.Migrate)

// directory knows all prisoners but some, until it is down.
type directory struct {
	missing []domain.PrisonerNumber
	nowhere []domain.PrisonerNumber
	at      map[domain.PrisonerNumber]domain.Whereabouts
	err     error
	asked   atomic.Int64
}

func (d *directory) Missing(_ context.Context, numbers []domain.PrisonerNumber) (_, _ []domain.PrisonerNumber, _ error) {
	d.asked.Add(1)
	var missing []domain.PrisonerNumber
	for _, number := range numbers {
		if slices.Contains(d.missing, number) {
			missing = append(missing, number)
		}
	}
	return missing, d.nowhere, d.err
}

// Whereabouts places everybody whom it knows in XAA, but those whom at places elsewhere.
func (d *directory) Whereabouts(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.Whereabouts, error) {
	found := map[domain.PrisonerNumber]domain.Whereabouts{}
	missing, nowhere, err := d.Missing(ctx, numbers)
	for _, number := range numbers {
		found[number] = domain.Whereabouts{Prison: "XAA"}
		if w, elsewhere := d.at[number]; elsewhere {
			found[number] = w
		}
	}
	for _, number := range missing {
		delete(found, number)
	}
	for _, number := range nowhere {
		found[number] = domain.Whereabouts{}
	}
	return found, err
}

var errDown = errors.New("connection refused")

// unkept are keys that fail as the test says.
type unkept struct {
	commands.IdempotencyStore
	claim, keep, free error
}

func (u *unkept) Reserve(ctx context.Context, key commands.IdempotencyKey, command uuid.UUID, now time.Time) (commands.Reservation, error) {
	if u.claim != nil {
		return commands.Reservation{}, u.claim
	}
	return u.IdempotencyStore.Reserve(ctx, key, command, now)
}

func (u *unkept) Complete(ctx context.Context, key commands.IdempotencyKey, claim commands.Reservation, answer commands.StoredAnswer) error {
	if u.keep != nil {
		return u.keep
	}
	return u.IdempotencyStore.Complete(ctx, key, claim, answer)
}

func (u *unkept) Release(ctx context.Context, key commands.IdempotencyKey, command uuid.UUID) error {
	if u.free != nil {
		return u.free
	}
	return u.IdempotencyStore.Release(ctx, key, command)
}

// pairs is a router that has always reached the head of the log.
type pairs struct{ log eventstore.Store }

func (p pairs) WaitFor(context.Context, uint64) error { return nil }

func (p pairs) all(ctx context.Context) ([]domain.Pair, error) {
	events, err := p.log.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 100_000)
	var all []domain.Pair
	for _, e := range events {
		if pair, err := domain.ParseStream(e.Stream); err == nil && !slices.Contains(all, pair) {
			all = append(all, pair)
		}
	}
	return all, err
}

func (p pairs) PairsOf(ctx context.Context, number domain.PrisonerNumber, _ uint64) ([]domain.Pair, error) {
	all, err := p.all(ctx)
	return slices.DeleteFunc(all, func(pair domain.Pair) bool { return !pair.Has(number) }), err
}

// routes reads the log itself, and so is never behind.
type routes struct{ pairs }

func (r routes) PairOf(ctx context.Context, id uuid.UUID, _ uint64) (domain.Pair, bool, error) {
	all, err := r.all(ctx)
	if err != nil {
		return domain.Pair{}, false, err
	}
	for _, pair := range all {
		state := domain.State{Pair: pair}
		for _, stream := range r.log.ReadMany(ctx, []string{pair.Stream()}) {
			for _, recorded := range stream.Events {
				fact, err := eventstore.Decode(domain.Events(), recorded)
				if err != nil {
					return domain.Pair{}, false, err
				}
				state = domain.Evolve(state, fact)
			}
		}
		if state.Find(id) >= 0 {
			return pair, true, nil
		}
	}
	return domain.Pair{}, false, nil
}

// staffFixture is the handler of staff's commands over parts that can be made to fail.
type staffFixture struct {
	*commands.Handler
	t         testing.TB
	log       *faulty
	keys      *unkept
	directory *directory
	now       time.Time
}

func newStaffFixture(t testing.TB) *staffFixture {
	t.Helper()
	dsn := keyTables.New(t)
	store, err := idempotency.Open(t.Context(), dsn, idempotency.Options{Clock: clock})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	d := &staffFixture{t: t, log: newFaulty(), keys: &unkept{IdempotencyStore: store}, directory: &directory{}, now: noon}
	d.Handler = d.process(5 * time.Second)
	return d
}

// process is one more process beside the same log and the same keys.
func (d *staffFixture) process(patience time.Duration) *commands.Handler {
	return commands.New(d.log, commands.Options{
		Clock: func() time.Time { return d.now }, Locator: routes{pairs{d.log}}, Directory: d.directory, Keys: d.keys, Timeout: patience,
	})
}

// opening is an Act between low and high, with a key unless it is "".
func opening(t testing.TB, comment, name string) commands.StaffCommand {
	return commands.StaffCommand{Key: keyOf(name, comment), Pair: domaintest.PairOf(low, high), Command: domain.Open{
		FirstPrisoner: high, Comment: comment, Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	}}
}

func keyOf(name, request string) *commands.IdempotencyKey {
	if name == "" {
		return nil
	}
	key := commands.IdempotencyKey{Client: "ui", Name: name}
	copy(key.Request[:], request)
	return &key
}

func (d *staffFixture) does(act commands.StaffCommand) commands.Receipt {
	d.t.Helper()
	receipt, err := d.Staff(d.t.Context(), domaintest.NewCause(domain.DPS), act)
	require.NoError(d.t, err)
	return receipt
}

func (d *staffFixture) refused(act commands.StaffCommand) domain.Code {
	d.t.Helper()
	_, err := d.Staff(d.t.Context(), domaintest.NewCause(domain.DPS), act)
	var refusal domain.Refusal
	require.ErrorAs(d.t, err, &refusal)
	return refusal.Code
}

func (d *staffFixture) facts() []domain.Fact {
	d.t.Helper()
	return facts(d.t, d.log, domaintest.PairOf(low, high))
}
