package audit_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

// Subscribe gives each event the time when it was decided, as ReadMany does.
func (d decidedLog) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	return d.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		if m.Kind == eventstore.EventAppeared {
			fact, err := eventstore.Decode(domain.Events(), m.Event)
			if err != nil {
				return err
			}
			m.Event.RecordedAt = fact.Meta.DecidedAt
		}
		return deliver(m)
	})
}

// TestProperty_scanAndToldAgreeWithTheirStatements compares the answers of a scan with those
// of the reader, and what NOMIS held with the fold of the planner, which is another one.
func TestProperty_scanAndToldAgreeWithTheirStatements(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newPast(t)
		b.now = summer
		life := &wanderer{past: b, number: bob}
		for range rapid.IntRange(1, 14).Draw(rt, "acts") {
			life.act(rt)
		}
		scan := audit.NewScan(decidedLog{b.store}, audit.Options{London: london}, nil)
		for range 3 {
			at := life.times(rt)
			for _, number := range []domain.PrisonerNumber{alice, bob, survivor} {
				want, err := b.reader.AsOfPrisoner(t.Context(), streams(life.pairs()...), number, at)
				require.NoError(rt, err)
				got, _, err := scan.Prisoner(t.Context(), number, at)
				require.NoError(rt, err)
				require.Equal(rt, want, got)
				for _, r := range got {
					require.Equal(rt, life.heldPlainly(r, at.Told.At), plainlyHeld(r))
				}
			}
			for _, pair := range life.pairs() {
				want, err := b.reader.AsOfPair(t.Context(), pair, at)
				require.NoError(rt, err)
				got, _, err := scan.Pair(t.Context(), pair, at)
				require.NoError(rt, err)
				require.Equal(rt, want, got)
			}
		}
	})
}

// times draws the three times of a question within the story.
func (w *wanderer) times(rt *rapid.T) audit.Moments {
	draw := func(name string, from, to int) string {
		day := min(summer.AddDate(0, 0, rapid.IntRange(from, to).Draw(rt, name)).Format(time.DateOnly), w.now.Format(time.DateOnly))
		return day
	}
	at, err := audit.ParseMoments(draw("true", -3, 18), draw("known", -1, 18), draw("told", -1, 18), w.now)
	require.NoError(w.t, err)
	return at
}

// plainlyHeld are the known values of what NOMIS held.
func plainlyHeld(r audit.RecordAsOf) map[domain.DetailField]string {
	return texts(r.NOMIS.Pair, func(f domain.DetailField) (*string, bool) {
		value, known := r.NOMIS.Values[f]
		return value, known
	})
}

func texts(pair domain.Pair, of func(domain.DetailField) (*string, bool)) map[domain.DetailField]string {
	all := map[domain.DetailField]string{}
	for _, f := range domain.DetailFields(pair) {
		switch value, known := of(f); {
		case !known:
		case value == nil:
			all[f] = "none"
		default:
			all[f] = "=" + *value
		}
	}
	return all
}

// heldPlainly folds the facts of each pair until a time anew. Of a pair that the record left
// it ends before it left.
func (w *wanderer) heldPlainly(r audit.RecordAsOf, at time.Time) map[domain.DetailField]string {
	facts := map[domain.Pair][]eventstore.Fact{}
	owner := r.Pair
	id, here := r.NonAssociation.ID, false
	events, err := w.store.ReadAll(context.Background(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(w.t, err)
	for _, recorded := range events {
		fact, err := eventstore.Read(domain.Events(), recorded)
		require.NoError(w.t, err)
		if fact.Meta.DecidedAt.After(at) {
			continue
		}
		facts[fact.Pair] = append(facts[fact.Pair], fact)
		if fact.Event.About() != id {
			continue
		}
		switch fact.Event.(type) {
		case domain.Opened, domain.TransferredIn:
			owner, here = fact.Pair, here || fact.Pair == r.Pair
		default:
		}
	}
	if here {
		owner = r.Pair
	}
	own := facts[owner]
	last := slices.IndexFunc(own, func(f eventstore.Fact) bool { return isLeaving(f, id) })
	for i, f := range own {
		if _, is := f.Event.(domain.TransferredIn); is && f.Event.About() == id {
			last = -1 // it came back; whether it left again is looked for behind
			if j := slices.IndexFunc(own[i:], func(f eventstore.Fact) bool { return isLeaving(f, id) }); j >= 0 {
				last = i + j
			}
		}
	}
	if last >= 0 {
		own = own[:last]
	}
	exchanges, taken := domain.NewExchanges(owner), false
	for _, f := range own {
		exchanges.Add(f.Revision, f.Meta.DecidedAt, f.Fact)
		state := exchanges.State()
		n, _ := state.Item(id)
		taken = taken || n.Deleted && n.TypeSequence != 0 && slices.ContainsFunc(state.Items, func(o domain.NonAssociation) bool {
			return o.ID != id && o.TypeSequence == n.TypeSequence
		})
	}
	if taken { // a deleted record is gone then; of a live one the turn finds out where it is
		return map[domain.DetailField]string{}
	}
	return texts(owner, exchanges.Of(id).Base)
}

func isLeaving(f eventstore.Fact, id uuid.UUID) bool {
	_, is := f.Event.(domain.TransferredOut)
	return is && f.Event.About() == id
}

func TestScan_hasThePositionOfTheNewestFact(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		scan := audit.NewScan(b.store, audit.Options{London: london}, nil)
		at, err := audit.ParseMoments("", "", "", time.Now().In(london))
		require.NoError(t, err)
		none, position, err := scan.Prisoner(t.Context(), alice, at)
		require.NoError(t, err)
		require.Empty(t, none)
		require.Zero(t, position.Uint64(), "the log is empty")

		from := domaintest.PairOf(alice, bob)
		id := b.opens(from)
		b.merges(b.state(from).Items[0], from, 0)
		foreign(t, b.store)
		at.Known.At = time.Now().In(london)
		records, position, err := scan.Prisoner(t.Context(), bob, at)
		require.NoError(t, err)
		require.Len(t, records, 1, "the other stream is found by a second reading")
		require.Equal(t, id, records[0].NonAssociation.ID)
		require.NotNil(t, records[0].MovedTo)
		require.Equal(t, 3, scan.Facts())
		events, err := b.store.ReadStream(t.Context(), from.Stream(), eventstore.Backwards, eventstore.FromEnd, 1)
		require.NoError(t, err)
		all, err := b.store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100)
		require.NoError(t, err)
		i := slices.IndexFunc(all, func(e eventstore.RecordedEvent) bool { return e.ID == events[0].ID })
		require.Equal(t, all[i].Position, position)
	})
}

func TestScan_thatIsBrokenOffIsNoAnswer(t *testing.T) {
	b := newPast(t)
	pair := domaintest.PairOf(alice, bob)
	b.amends(pair, b.opens(pair), "more")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := audit.NewScan(b.store, audit.Options{London: london}, nil).Prisoner(ctx, alice, b.moments("", ""))
	require.ErrorIs(t, err, context.Canceled)
}
