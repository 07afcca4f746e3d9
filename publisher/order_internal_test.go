package publisher

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

func database(t *testing.T) *pgx.Conn {
	t.Helper()
	t.Parallel()
	dsn := tables.New(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Whatever SNS refuses, throttles, fails or loses, wherever a kill comes, and
// whatever an operator retries or skips: each pair is published in the order of
// the log, only what must be is parked, nothing is lost, and what comes after no
// fault goes on.
func TestProperty_eachPairIsPublishedByPositionAcrossRestarts(t *testing.T) {
	conn := database(t)
	for _, most := range []int{3, 6, 60} {
		rapid.Check(t, func(t *rapid.T) {
			p := newSimulation(t, conn)
			p.begin(t, most)
			for range rapid.IntRange(0, 120).Draw(t, "steps") {
				p.step()
			}
			p.requireOthersDelivered()
			p.requireAllDelivered()
		})
	}
}

// begin draws a log of a few pairs, with renumberings and private facts, and what
// SNS does not take. The fewer there are the more they meet.
func (p *simulation) begin(t *rapid.T, most int) {
	p.draw, p.window = t, rapid.IntRange(4, 8).Draw(t, "window")
	pair := rapid.Map(rapid.IntRange(1, 2+most/10), pairOf)
	faults := rapid.SampledFrom([]error{nil, nil, nil, nil, errUnknown, errThrottled, errInvalid})
	for range rapid.IntRange(1, most).Draw(t, "facts") {
		from, to := pair.Draw(t, "pair"), pair.Draw(t, "to")
		switch n := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case n == 0:
			p.appendPrivateFact()
		case n < 5 && from != to:
			p.appendFact(faults.Draw(t, "fault"), from, to)
		default:
			p.appendFact(faults.Draw(t, "fault"), from)
		}
	}
	p.restart()
}

func (p *simulation) step() {
	switch n := rapid.IntRange(0, 20).Draw(p.draw, "step"); {
	case n < 3:
		p.read(rapid.IntRange(1, 12).Draw(p.draw, "read"))
	case n < 6:
		p.send()
	case n < 11 && len(p.inFlight) > 0:
		how := rapid.SampledFrom([]string{answered, answered, answered, answered, lost, throttled}).Draw(p.draw, "how")
		p.answer(rapid.IntRange(0, len(p.inFlight)-1).Draw(p.draw, "batch"), how)
	case n < 14:
		p.commit()
	case n < 16:
		p.wake()
	case n < 18:
		p.operate()
	case n == 18:
		p.restart()
	case n == 19:
		p.another()
	default:
		p.answers[p.log[rapid.IntRange(0, len(p.log)-1).Draw(p.draw, "mended")].position.last.ID] = nil
	}
}

// operate retries or skips something that is parked.
func (p *simulation) operate() {
	rows := slices.SortedFunc(values(p.rows), byPosition)
	if len(rows) > 0 {
		row := rows[rapid.IntRange(0, len(rows)-1).Draw(p.draw, "row")]
		p.request(rapid.SampledFrom([]store.Request{store.Retry, store.Retry, store.Skip}).Draw(p.draw, "request"), row.EventID)
		p.rows = p.readRows()
	}
}

func byPosition(a, b store.Parked) int { return cmp.Compare(a.Position.Commit, b.Position.Commit) }

// another is a fact of a pair that has no fault: it shows that SNS takes others.
func (p *simulation) another() { p.appendFact(nil, pairOf(99)) }

// round does everything that can be done.
func (p *simulation) round() {
	p.read(len(p.log))
	p.wake()
	for p.send() {
		p.answer(len(p.inFlight)-1, answered)
	}
	p.commit()
}

// runUntilStable goes on until nothing changes any more, in more rounds than a message may
// fail by itself.
func (p *simulation) runUntilStable(more func()) {
	for still, rounds := 0, 20*(maxOwnFaults+len(p.log)); still < maxOwnFaults+3; still, rounds = still+1, rounds-1 {
		require.Positive(p.t, rounds, "it never comes to rest")
		pending, rows := len(p.pending()), len(p.rows)
		more()
		p.round()
		if len(p.pending()) != pending || len(p.rows) != rows {
			still = 0
		}
	}
}

// requireOthersDelivered lets the faults be, and everything else come to rest.
func (p *simulation) requireOthersDelivered() {
	for len(p.inFlight) > 0 {
		p.answer(0, answered)
	}
	p.runUntilStable(p.another)
	for _, m := range p.pending() {
		row := p.rows[m.EventID]
		require.Empty(p.t, row.Request, "a request for %d is not applied", m.Position.Commit)
		if slices.ContainsFunc(p.pending(), func(other message.Message) bool { return isBefore(other, m) }) {
			continue
		}
		switch says := p.answers[m.EventID]; {
		case says == errUnknown: //nolint:errorlint // the very one, as below
			require.Equal(p.t, store.Failing, row.State, "%d fails and is not parked", m.Position.Commit)
			require.GreaterOrEqual(p.t, row.Attempts, maxOwnFaults)
		case says != errThrottled: //nolint:errorlint // as above
			require.Equal(p.t, store.Refused, row.State, "%d waits for nothing", m.Position.Commit)
		}
	}
}

// requireAllDelivered lets SNS take everything, and the operator retry everything.
func (p *simulation) requireAllDelivered() {
	clear(p.answers)
	for id := range p.rows {
		p.request(store.Retry, id)
	}
	p.appendPrivateFact() // the last place is reached, though nothing there is published
	p.runUntilStable(func() {})
	require.Empty(p.t, p.pending())
	l := p.session.pipeline
	require.Empty(p.t, l.queues)
	require.Empty(p.t, l.parkedDeliveries)
	require.Empty(p.t, l.resting)
	require.Zero(p.t, l.open)
	require.Zero(p.t, l.fronts)
	require.Equal(p.t, p.log[len(p.log)-1].position.last, p.session.was.Last)
	for _, row := range p.rows {
		require.Equal(p.t, store.Skipped, row.State)
		require.Empty(p.t, row.Request)
	}
}

// pending are the messages that are neither delivered nor skipped.
func (p *simulation) pending() []message.Message {
	var all []message.Message
	for _, fact := range p.log {
		for _, m := range fact.messages {
			if !p.isDone(m.EventID) {
				all = append(all, m)
			}
		}
	}
	return all
}

func (p *simulation) isDone(id uuid.UUID) bool {
	return p.delivered[id] || p.rows[id].State == store.Skipped
}

func isBefore(m, other message.Message) bool {
	return m.Position.Before(other.Position) && sharePair(m, other)
}

func sharePair(m, other message.Message) bool {
	return slices.ContainsFunc(m.Pairs, func(pair domain.Pair) bool { return slices.Contains(other.Pairs, pair) })
}

// requireOrder requires that all that comes before a message was delivered or skipped.
func (p *simulation) requireOrder(m message.Message) {
	for _, other := range p.pending() {
		require.False(p.t, isBefore(other, m), "%d is delivered before %d", m.Position.Commit, other.Position.Commit)
	}
}

// commit writes, and judges what is written.
func (p *simulation) commit() {
	require.NoError(p.t, p.session.commit(p.t.Context(), p.conn))
	before := p.committed
	p.rows = p.readRows()
	p.committed = p.rows
	for id, row := range p.rows {
		switch row.State {
		case store.Refused:
			require.Equal(p.t, errInvalid, p.was[id])
		case store.Failing:
			require.True(p.t, p.was[id] == errUnknown || p.cut[id] >= maxOwnFaults, "%d is not failing by itself", row.Position.Commit) //nolint:errorlint // the very one
		case store.Blocked:
			_, old := before[id]
			m := message.Message{Position: row.Position, Pairs: row.Pairs}
			require.True(p.t, old || isBehind(m, before, wasParked) || isBehind(m, p.rows, wasParked), "%d comes after nothing that is parked", row.Position.Commit)
		case store.Skipped:
		}
	}
	for _, m := range p.pending() {
		_, parked := p.rows[m.EventID]
		require.True(p.t, parked || p.session.was.At.Before(m.Position), "%d is lost", m.Position.Commit)
		if !parked && !p.session.pipeline.read.Before(m.Position) {
			require.False(p.t, isBehind(m, p.rows, isParkedRow), "%d comes after a parked one and is not", m.Position.Commit)
		}
	}
}

// isBehind reports whether one of some rows is before a message in one of its pairs.
func isBehind(m message.Message, rows map[uuid.UUID]store.Parked, which func(store.Parked) bool) bool {
	for _, row := range rows {
		if which(row) && isBefore(message.Message{Position: row.Position, Pairs: row.Pairs}, m) {
			return true
		}
	}
	return false
}

func isParkedRow(row store.Parked) bool { return row.State != store.Skipped }

// wasParked reports whether the session may still have taken a row for parked: it learns of
// a skip later, and of one in flight only once that is answered.
func wasParked(row store.Parked) bool { return isParkedRow(row) || row.Request == store.Skip }

// A message that fails is tried again after pauses that grow, and stay below
// their limits.
func TestPauses_growToTheirLimits(t *testing.T) {
	free := &delivery{}
	failing := &delivery{state: store.Failing}
	for free.faults = 1; free.faults < 100; free.faults++ {
		require.LessOrEqual(t, normalDelays.after(free), 5*time.Second)
	}
	require.Equal(t, 5*time.Second, normalDelays.after(free))
	require.Equal(t, 100*time.Millisecond, normalDelays.after(&delivery{faults: 1}))
	require.Equal(t, 200*time.Millisecond, normalDelays.after(&delivery{faults: 2}))
	last := time.Duration(0)
	for failing.attempts = maxOwnFaults; failing.attempts < 100; failing.attempts++ {
		next := normalDelays.after(failing)
		require.Equal(t, min(max(2*last, 3200*time.Millisecond), 10*time.Minute), next)
		last = next
	}
	require.Equal(t, 3200*time.Millisecond, normalDelays.after(&delivery{state: store.Failing, attempts: maxOwnFaults}))
	require.Equal(t, 10*time.Minute, normalDelays.after(failing))
}
