package publisher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// What SNS says to a message, until that is mended.
var (
	errUnknown   = faultOf("SomethingNew", "")
	errThrottled = faultOf("Throttled", "")
	errInvalid   = faultOf("InvalidParameter", "the message")
	errCut       = errors.New("the connection was cut")
)

// frozen delays never end by themselves: a test ends them.
var frozen = delays{first: time.Hour, longest: time.Hour, parked: time.Hour, check: time.Second}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Context() context.Context
}

// simulation is a session without senders: a test does what they would, in any order.
// The session is real and so are the rows in Postgres, through which a restart
// goes as it does behind a kill.
type simulation struct {
	t       tester
	draw    *rapid.T // nil when the test says what happens
	conn    *pgx.Conn
	log     []outgoing
	was     map[uuid.UUID]error // what SNS says, and said from the beginning
	answers map[uuid.UUID]error
	cut     map[uuid.UUID]int // how often a call with it was cut
	now     time.Time
	window  int

	session   *session
	fed       int                        // facts of the log that the session was given
	inFlight  [][]*delivery              // batches that SNS has not answered
	rows      map[uuid.UUID]store.Parked // as they are
	committed map[uuid.UUID]store.Parked // as the session left them last
	delivered map[uuid.UUID]bool
	requested map[uuid.UUID]bool // by an operator to be sent again, without an answer yet
}

func at(i int) eventstore.Position {
	return eventstore.Position{Commit: uint64(i), Prepare: uint64(i)}
}

func pairOf(i int) domain.Pair {
	pair, err := domain.NewPair(domain.PrisonerNumber(fmt.Sprintf("A%04dAA", i)), "B0000BB")
	if err != nil {
		panic(err)
	}
	return pair
}

// messageAt makes a message whose id says where it is.
func messageAt(i int, pairs ...domain.Pair) message.Message {
	return message.Message{
		Topic: message.Domain, EventID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Position: at(i), Pairs: pairs,
		Group: pairs[0].String(), Body: []byte("{}"),
	}
}

func factOf(m message.Message) outgoing {
	return outgoing{position: logPosition{
		at: m.Position, last: store.Event{ID: m.EventID, Stream: m.Pairs[0].Stream(), Revision: m.Position.Commit},
	}, messages: []message.Message{m}}
}

// newSimulation begins with a log that holds nothing and an empty table.
func newSimulation(t tester, conn *pgx.Conn) *simulation {
	p := &simulation{
		t: t, conn: conn, was: map[uuid.UUID]error{}, answers: map[uuid.UUID]error{}, cut: map[uuid.UUID]int{},
		now: time.Unix(0, 0), window: 4, delivered: map[uuid.UUID]bool{}, requested: map[uuid.UUID]bool{},
	}
	_, err := conn.Exec(t.Context(), `DELETE FROM publisher.parked; DELETE FROM publisher.checkpoint`)
	require.NoError(t, err)
	p.restart()
	return p
}

// appendFact appends a fact of which SNS says something.
func (p *simulation) appendFact(says error, pairs ...domain.Pair) uuid.UUID {
	m := messageAt(len(p.log)+1, pairs...)
	p.log = append(p.log, factOf(m))
	p.was[m.EventID], p.answers[m.EventID] = says, says
	return m.EventID
}

// appendPrivateFact appends a fact that is never published.
func (p *simulation) appendPrivateFact() {
	fact := factOf(messageAt(len(p.log)+1, pairOf(1)))
	fact.messages = nil
	p.log = append(p.log, fact)
}

// restart is a kill, and a new session.
func (p *simulation) restart() {
	if p.session != nil {
		for it := range p.session.pipeline.resting {
			p.session.pipeline.resume(it) // no clock may be left running
		}
	}
	was, err := store.LoadOrCreate(p.t.Context(), p.conn, string(message.Domain), uuid.Max)
	require.NoError(p.t, err)
	p.session = newHandler(Options{
		Topic: message.Domain, Clock: func() time.Time { p.now = p.now.Add(time.Second); return p.now },
		Logger: slog.New(slog.DiscardHandler), Window: p.window, delays: frozen,
	}).newSession(was)
	p.rows = p.readRows()
	for id, row := range p.rows {
		p.requested[id] = row.Request == store.Retry
	}
	p.session.pipeline.restore(message.Domain, slices.SortedFunc(values(p.rows), byPosition))
	work := p.session.pipeline.changes().work
	require.Empty(p.t, append(work.Park, work.Attempted...), "what was there is written again")
	p.inFlight = nil
	p.fed = len(p.log)
	if next := slices.IndexFunc(p.log, func(f outgoing) bool { return was.At.Before(f.position.at) }); next >= 0 {
		p.fed = next
	}
}

func values(rows map[uuid.UUID]store.Parked) func(func(store.Parked) bool) {
	return func(yield func(store.Parked) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	}
}

func (p *simulation) readRows() map[uuid.UUID]store.Parked {
	all, err := store.All(p.t.Context(), p.conn, string(message.Domain))
	require.NoError(p.t, err)
	rows := map[uuid.UUID]store.Parked{}
	for _, row := range all {
		rows[row.EventID] = row
	}
	return rows
}

// read gives the session some more of the log, if it wants more, and what it had
// a moment ago once more.
func (p *simulation) read(n int) {
	if p.fed < len(p.log) && p.session.pipeline.hasRoom() {
		next := min(p.fed+n, len(p.log))
		p.session.pipeline.add(p.log[max(0, p.fed-1):next])
		p.fed = next
	}
}

func (p *simulation) send() bool {
	if len(p.session.pipeline.ready) == 0 {
		return false
	}
	batch := p.session.pipeline.nextBatch()
	for _, it := range batch {
		m := it.message
		row, parked := p.rows[m.EventID]
		require.Equal(p.t, parked, it.park != notParked, "%d is sent before its row is there", m.Position.Commit)
		require.False(p.t, row.State == store.Refused && !p.requested[m.EventID], "nobody asked for %d", m.Position.Commit)
		require.False(p.t, p.session.pipeline.skipped[m.EventID], "%d was skipped", m.Position.Commit)
		require.False(p.t, slices.ContainsFunc(p.inFlight, func(others []*delivery) bool {
			return slices.ContainsFunc(others, func(other *delivery) bool { return sharePair(other.message, m) })
		}), "two of a pair are in flight")
	}
	p.inFlight = append(p.inFlight, batch)
	return true
}

// arrive is SNS with a batch.
func (p *simulation) arrive(batch []*delivery) []error {
	answers := make([]error, len(batch))
	for i, it := range batch {
		m := it.message
		if answers[i] = p.answers[m.EventID]; answers[i] == nil {
			p.requireOrder(m)
			p.delivered[m.EventID] = true
		}
	}
	return answers
}

// The ways in which a call ends.
const (
	answered  = "answered"
	lost      = "lost" // it arrived, and the answer is lost
	throttled = "throttled"
)

func (p *simulation) answer(i int, how string) {
	batch := p.inFlight[i]
	p.inFlight = slices.Delete(p.inFlight, i, i+1)
	switch how {
	case lost:
		for _, it := range batch {
			p.cut[it.message.EventID]++
		}
		p.arrive(batch)
		p.session.pipeline.callFailed(batch, errCut)
	case throttled:
		p.session.pipeline.callFailed(batch, errThrottled)
	default:
		answers := p.arrive(batch)
		p.session.judgeEntries(p.t.Context(), batch, answers)
		for i, it := range batch {
			p.requested[it.message.EventID] = p.requested[it.message.EventID] && answers[i] != errInvalid //nolint:errorlint // the very one
		}
	}
}

// wake ends all pauses.
func (p *simulation) wake() {
	for it := range p.session.pipeline.resting {
		p.session.pipeline.resume(it)
		p.session.pipeline.markReady(it)
	}
}

// request is an operator.
func (p *simulation) request(wish store.Request, id uuid.UUID) {
	p.requested[id] = wish == store.Retry
	sql := `UPDATE publisher.parked SET request = 'retry' WHERE event_id = $1 AND state IN ('refused', 'failing')`
	if wish == store.Skip {
		sql = `UPDATE publisher.parked SET request = 'skip', state = 'skipped' WHERE event_id = $1 AND state <> 'skipped'`
	}
	_, err := p.conn.Exec(p.t.Context(), sql, id)
	require.NoError(p.t, err)
}
