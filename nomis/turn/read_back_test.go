package turn_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/turn"
)

// busy is a NOMIS in which something happens right after each write.
type busy struct {
	turn.NOMIS

	sends func(*domain.Detail) // changes what is written; nil: nothing
	after func()
	deaf  bool // it takes no PUT, and says that it did
}

func (b *busy) Create(ctx context.Context, pair domain.Pair, d domain.Detail) (int, error) {
	sequence, err := b.NOMIS.Create(ctx, pair, d)
	b.after()
	return sequence, err
}

func (b *busy) Update(ctx context.Context, pair domain.Pair, sequence int, d domain.Detail) error {
	if b.deaf {
		return nil
	}
	if b.sends != nil {
		b.sends(&d)
	}
	err := b.NOMIS.Update(ctx, pair, sequence, d)
	b.after()
	return err
}

// newBusy makes NOMIS a busy one.
func newBusy(f *circle.Circle) *busy {
	b := &busy{NOMIS: f.Turns.NOMIS, after: func() {}}
	f.Turns.NOMIS = b
	return b
}

// NOMIS's staff change a record between the service's write and its reading back. That is
// a change there as any other, also when it is the first write of a process.
func TestReadBack_ofWhatNOMISStaffChangedMeanwhile(t *testing.T) {
	f := circle.New(t)
	b := newBusy(f)
	b.after = func() { f.NOMISChange(1, map[string]any{"comment": "Changed there"}) }
	id := f.StaffOpen()
	require.Equal(t, []plan.Action{plan.Post, plan.Take}, f.TakeTurn())
	require.Equal(t, ptr("Changed there"), f.Items()[0].Comment)
	f.IsQuiet()

	b.after = func() {}
	f.Staff(domain.Amend{ID: id, Comment: ptr("Changed here")})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	b.after = func() { f.NOMISChange(1, map[string]any{"type": "CELL", "expiryDate": "2026-07-01"}) }
	f.Staff(domain.Amend{ID: id, Comment: ptr("Changed again")})
	require.Equal(t, []plan.Action{plan.Put, plan.Take}, f.TakeTurn())
	require.Equal(t, domain.TypeCell, f.Items()[0].TypeCode)
	require.True(t, f.Items()[0].IsClosed("2026-07-15"))
	require.Equal(t, ptr("Changed again"), f.Items()[0].Comment)
	f.IsQuiet()
}

// What NOMIS made of a write by itself is not taken over. It is a problem.
func TestReadBack_ofWhatNOMISDidNotTake(t *testing.T) {
	for name, happens := range map[string]func(*circle.Circle, *busy){
		"a text in other letters": func(f *circle.Circle, _ *busy) { f.Fault("text-mangled", 1) },
		"nothing was written":     func(_ *circle.Circle, b *busy) { b.deaf = true },
		"a text that is cut off":  func(_ *circle.Circle, b *busy) { b.sends = func(d *domain.Detail) { d.Comment = ptr("Zo") } },
	} {
		for _, earlier := range []string{"", "service", "staff"} {
			t.Run(name+" "+earlier, func(t *testing.T) {
				f := circle.New(t)
				b := newBusy(f)
				f.NOMISOpen("2021-07-05")
				f.TakeTurn()
				id := f.Items()[0].ID
				if earlier != "" { // the service knows its name in NOMIS
					f.Staff(domain.Amend{ID: id, Comment: ptr("Written well")})
					f.TakeTurn()
				}
				if earlier == "staff" { // who wrote last
					f.NOMISChange(1, map[string]any{"comment": "Written by staff"})
					f.TakeTurn()
				}
				happens(f, b)
				f.Staff(domain.Amend{ID: id, Comment: ptr("Zoë said so")})
				require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
				require.Equal(t, ptr("Zoë said so"), f.Items()[0].Comment)
				require.Equal(t, string(plan.NotTaken), f.Living()[0].Problem)
				require.Empty(t, f.TakeTurn(), "it is not sent again")
			})
		}
	}
}

// Once the service knows its own name in NOMIS, that alone decides.
func TestReadBack_ofAnotherValueUnderTheServicesName(t *testing.T) {
	f := circle.New(t)
	b := newBusy(f)
	id := f.StaffOpen()
	f.TakeTurn()
	b.sends = func(d *domain.Detail) { d.TypeCode, d.Comment = domain.TypeCell, ptr("Something else") }
	f.Staff(domain.Amend{ID: id, Comment: ptr("Changed here")})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	require.Equal(t, domain.TypeWing, f.Items()[0].TypeCode)
	require.Equal(t, string(plan.NotTaken), f.Living()[0].Problem)
}
