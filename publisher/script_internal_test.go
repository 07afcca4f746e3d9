package publisher

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/publisher/store"
)

// states are those of what is parked and was skipped.
func (p *play) states() map[uuid.UUID]store.State {
	all := map[uuid.UUID]store.State{}
	for id, row := range p.rows {
		all[id] = row.State
	}
	return all
}

// A refused fact of one pair, a throttled one of another, and a renumbering of
// both: the throttled one is no part of what is parked. Whatever comes first
// behind a kill, the renumbering waits for it.
func TestOrder_aThrottledFactBeforeARenumberingBehindARefusedOne(t *testing.T) {
	conn := database(t)
	for _, order := range orders("RMLSSS") {
		p := newPlay(t, conn)
		refused := p.happens(errInvalid, pairOf(1))
		throttled := p.happens(errThrottled, pairOf(2))
		renumbering := p.happens(nil, pairOf(1), pairOf(2))
		behind, other := p.happens(nil, pairOf(2)), p.happens(nil, pairOf(3))
		p.restart()
		p.round()
		require.Equal(t, map[uuid.UUID]store.State{refused: store.Refused, renumbering: store.Blocked, behind: store.Blocked}, p.states())
		require.True(t, p.told[other])
		p.settle() // the checkpoint is behind the refused one
		p.restart()
		for _, act := range order {
			p.act(act, refused, throttled)
		}
		p.says[refused], p.says[throttled] = nil, nil
		p.ask(store.Retry, refused)
		p.rest(func() {})
		require.Empty(t, p.pending(), order)
	}
}

func (p *play) act(act rune, refused, throttled uuid.UUID) {
	switch act {
	case 'R': // an operator lets the refused one go
		p.says[refused] = nil
		p.ask(store.Retry, refused)
		p.settle()
	case 'M': // the throttled one is not throttled any more
		p.says[throttled] = nil
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
	p := newPlay(t, database(t))
	first := p.happens(errInvalid, pairOf(1))
	p.happens(errThrottled, pairOf(2))
	parked := p.happens(nil, pairOf(1))
	p.restart()
	p.round()
	p.settle() // the checkpoint is behind the first
	p.says[first] = nil
	p.ask(store.Retry, first)
	p.restart()
	p.settle()
	require.True(t, p.send())
	p.answer(0, answered)
	require.True(t, p.told[first])
	require.False(t, p.send())
	p.read(2)
	for p.send() {
		p.answer(0, answered)
	}
	require.True(t, p.told[parked])
}

// What comes behind a parked fact that is just being sent is parked first.
func TestOrder_aFactIsSentFromTheTableOnlyWhenItIsThere(t *testing.T) {
	p := newPlay(t, database(t))
	first := p.happens(errInvalid, pairOf(1))
	p.restart()
	p.round()
	p.says[first] = nil
	p.ask(store.Retry, first)
	p.settle()
	require.True(t, p.send())
	behind := p.happens(nil, pairOf(1))
	p.read(1)
	p.answer(0, answered)
	require.False(t, p.send(), "its row is not there yet")
	p.settle()
	require.Equal(t, map[uuid.UUID]store.State{behind: store.Blocked}, p.states())
	require.True(t, p.send())
	p.answer(0, answered)
	p.settle()
	require.Empty(t, p.states())
}

// failing parks a fact that SNS does not take by itself.
func (p *play) failing() uuid.UUID {
	id := p.happens(errUnknown, pairOf(1))
	p.restart()
	p.rest(p.another)
	require.Equal(p.t, store.Failing, p.rows[id].State)
	require.NotEmpty(p.t, p.session.pipeline.resting)
	return id
}

// An operator need not wait for the pause of a failing message.
func TestOperator_endsThePauseOfAFailingMessage(t *testing.T) {
	conn := database(t)
	for _, restart := range []bool{false, true} {
		p := newPlay(t, conn)
		id := p.failing()
		if restart {
			p.restart()
			p.send() // at once, behind a restart
			p.answer(0, answered)
		}
		require.False(t, p.send())
		p.ask(store.Retry, id)
		p.settle()
		require.True(t, p.send())
		require.Empty(t, p.session.pipeline.resting)
		tries := p.rows[id].Attempts
		p.answer(0, answered) // in vain
		p.settle()
		require.Empty(t, p.rows[id].Request)
		require.Equal(t, tries, p.rows[id].Attempts, "SNS took no other since")
		p.ask(store.Skip, id)
		p.settle()
		require.Empty(t, p.session.pipeline.resting)
		require.Empty(t, p.session.pipeline.queues)
		require.Equal(t, store.Skipped, p.rows[id].State)
	}
}

// A skip that came while nobody published, or while the message was ready.
func TestOperator_skipsAtAnyTime(t *testing.T) {
	conn := database(t)
	for _, when := range []string{"down", "up", "ready"} {
		p := newPlay(t, conn)
		id := p.happens(errInvalid, pairOf(1))
		p.restart()
		p.round()
		if when == "ready" {
			p.ask(store.Retry, id)
			p.settle()
		}
		p.ask(store.Skip, id)
		if when == "down" {
			p.restart()
		}
		p.settle()
		require.False(t, p.send())
		p.settle()
		require.Equal(t, store.Skipped, p.rows[id].State)
		require.Empty(t, p.rows[id].Request)
		require.Empty(t, p.session.pipeline.queues)
		behind := p.happens(nil, pairOf(1))
		p.round()
		require.True(t, p.told[behind], when)
	}
}

// A message in flight cannot be skipped: it is told, or the skip comes behind its
// answer.
func TestOperator_skipsAMessageInFlightBehindItsAnswer(t *testing.T) {
	conn := database(t)
	for _, says := range []error{nil, errInvalid, errUnknown, errThrottled} {
		p := newPlay(t, conn)
		id := p.happens(errInvalid, pairOf(1))
		p.restart()
		p.round()
		p.says[id] = says
		p.ask(store.Retry, id)
		p.settle()
		require.True(t, p.send())
		p.ask(store.Skip, id)
		p.settle()
		require.NotEmpty(t, p.session.pipeline.queues)
		p.answer(0, answered)
		p.settle()
		p.settle()
		require.Empty(t, p.session.pipeline.queues)
		require.Equal(t, says == nil, p.told[id])
		if says != nil {
			require.Equal(t, store.Skipped, p.rows[id].State)
		}
	}
}
