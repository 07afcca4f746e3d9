package publisher

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/publisher/store"
)

// states are those of what is parked and was skipped.
func (p *simulation) states() map[uuid.UUID]store.State {
	all := map[uuid.UUID]store.State{}
	for id, row := range p.rows {
		all[id] = row.State
	}
	return all
}

// A refused fact of one pair, a throttled one of another, and a renumbering of
// both: the throttled one is no part of what is parked. Whatever comes first
// behind a kill, the renumbering waits for it.
func TestOrder_aRefusalHoldsLaterFactsAndTheRenumbering(t *testing.T) {
	conn := database(t)
	for _, order := range orders("RMLSSS") {
		p := newSimulation(t, conn)
		refused := p.appendFact(errInvalid, pairOf(1))
		throttled := p.appendFact(errThrottled, pairOf(2))
		renumbering := p.appendFact(nil, pairOf(1), pairOf(2))
		behind, other := p.appendFact(nil, pairOf(2)), p.appendFact(nil, pairOf(3))
		p.restart()
		p.round()
		require.Equal(t, map[uuid.UUID]store.State{refused: store.Refused, renumbering: store.Blocked, behind: store.Blocked}, p.states())
		require.True(t, p.delivered[other])
		p.commit() // the checkpoint is behind the refused one
		p.restart()
		for _, act := range order {
			p.act(act, refused, throttled)
		}
		p.answers[refused], p.answers[throttled] = nil, nil
		p.request(store.Retry, refused)
		p.runUntilStable(func() {})
		require.Empty(t, p.pending(), order)
	}
}

func (p *simulation) act(act rune, refused, throttled uuid.UUID) {
	switch act {
	case 'R': // an operator lets the refused one go
		p.answers[refused] = nil
		p.request(store.Retry, refused)
		p.commit()
	case 'M': // the throttled one is not throttled any more
		p.answers[throttled] = nil
		p.wake()
	case 'L': // the log is read
		p.read(len(p.log))
	case 'S':
		for p.send() {
			p.answer(0, answered)
		}
	}
}

// orders are all orders of some letters.
func orders(letters string) []string {
	if letters == "" {
		return []string{""}
	}
	var all []string
	for i, first := range letters {
		for _, rest := range orders(letters[:i] + letters[i+1:]) {
			all = append(all, string(first)+rest)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A parked fact that the checkpoint has not passed goes as soon as the log is read
// up to it, and no sooner.
func TestOrder_aParkedFactGoesWhenTheLogWasReadUpToIt(t *testing.T) {
	p := newSimulation(t, database(t))
	first := p.appendFact(errInvalid, pairOf(1))
	p.appendFact(errThrottled, pairOf(2))
	parked := p.appendFact(nil, pairOf(1))
	p.restart()
	p.round()
	p.commit() // the checkpoint is behind the first
	p.answers[first] = nil
	p.request(store.Retry, first)
	p.restart()
	p.commit()
	require.True(t, p.send())
	p.answer(0, answered)
	require.True(t, p.delivered[first])
	require.False(t, p.send())
	p.read(2)
	for p.send() {
		p.answer(0, answered)
	}
	require.True(t, p.delivered[parked])
}

// What comes behind a parked fact that is just being sent is parked first.
func TestOrder_aFactIsSentFromTheTableOnlyWhenItIsThere(t *testing.T) {
	p := newSimulation(t, database(t))
	first := p.appendFact(errInvalid, pairOf(1))
	p.restart()
	p.round()
	p.answers[first] = nil
	p.request(store.Retry, first)
	p.commit()
	require.True(t, p.send())
	behind := p.appendFact(nil, pairOf(1))
	p.read(1)
	p.answer(0, answered)
	require.False(t, p.send(), "its row is not there yet")
	p.commit()
	require.Equal(t, map[uuid.UUID]store.State{behind: store.Blocked}, p.states())
	require.True(t, p.send())
	p.answer(0, answered)
	p.commit()
	require.Empty(t, p.states())
}

// failing parks a fact that SNS does not take by itself.
func (p *simulation) failing() uuid.UUID {
	id := p.appendFact(errUnknown, pairOf(1))
	p.restart()
	p.runUntilStable(p.another)
	require.Equal(p.t, store.Failing, p.rows[id].State)
	require.NotEmpty(p.t, p.session.pipeline.resting)
	return id
}

// An operator need not wait for the pause of a failing message.
func TestOperator_endsThePauseOfAFailingMessage(t *testing.T) {
	conn := database(t)
	for _, restart := range []bool{false, true} {
		p := newSimulation(t, conn)
		id := p.failing()
		if restart {
			p.restart()
			p.send() // at once, behind a restart
			p.answer(0, answered)
		}
		require.False(t, p.send())
		p.request(store.Retry, id)
		p.commit()
		require.True(t, p.send())
		require.Empty(t, p.session.pipeline.resting)
		tries := p.rows[id].Attempts
		p.answer(0, answered) // in vain
		p.commit()
		require.Empty(t, p.rows[id].Request)
		require.Equal(t, tries, p.rows[id].Attempts, "SNS took no other since")
		p.request(store.Skip, id)
		p.commit()
		require.Empty(t, p.session.pipeline.resting)
		require.Empty(t, p.session.pipeline.queues)
		require.Equal(t, store.Skipped, p.rows[id].State)
	}
}

// A skip that came without a running publisher, or while the message was ready.
func TestOperator_skipsAtAnyTime(t *testing.T) {
	conn := database(t)
	for _, when := range []string{"down", "up", "ready"} {
		p := newSimulation(t, conn)
		id := p.appendFact(errInvalid, pairOf(1))
		p.restart()
		p.round()
		if when == "ready" {
			p.request(store.Retry, id)
			p.commit()
		}
		p.request(store.Skip, id)
		if when == "down" {
			p.restart()
		}
		p.commit()
		require.False(t, p.send())
		p.commit()
		require.Equal(t, store.Skipped, p.rows[id].State)
		require.Empty(t, p.rows[id].Request)
		require.Empty(t, p.session.pipeline.queues)
		behind := p.appendFact(nil, pairOf(1))
		p.round()
		require.True(t, p.delivered[behind], when)
	}
}

// A message in flight cannot be skipped: it is told, or the skip comes behind its
// answer.
func TestOperator_skipsAMessageInFlightAfterItsAnswer(t *testing.T) {
	conn := database(t)
	for _, says := range []error{nil, errInvalid, errUnknown, errThrottled} {
		p := newSimulation(t, conn)
		id := p.appendFact(errInvalid, pairOf(1))
		p.restart()
		p.round()
		p.answers[id] = says
		p.request(store.Retry, id)
		p.commit()
		require.True(t, p.send())
		p.request(store.Skip, id)
		p.commit()
		require.NotEmpty(t, p.session.pipeline.queues)
		p.answer(0, answered)
		p.commit()
		p.commit()
		require.Empty(t, p.session.pipeline.queues)
		require.Equal(t, says == nil, p.delivered[id])
		if says != nil {
			require.Equal(t, store.Skipped, p.rows[id].State)
		}
	}
}
