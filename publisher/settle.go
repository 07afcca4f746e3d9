package publisher

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/publisher/desk"
)

// settlement is what a line has to write down at a moment.
type settlement struct {
	unwritten

	through place
	work    desk.Work
}

// settlement is taken by one goroutine, which gives it back to settled.
func (l *line) settlement() settlement {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := settlement{unwritten: l.unwritten, through: l.through}
	s.work = desk.Work{Gone: slices.Clone(s.gone), Heard: slices.Clone(s.heard)}
	for _, it := range s.parked {
		s.work.Park = append(s.work.Park, it.onDesk())
	}
	for _, it := range s.refused {
		s.work.Refused = append(s.work.Refused, it.onDesk())
	}
	return s
}

// settled says that a settlement is written: what it laid on the desk may be
// passed, and is read from the log again when its turn comes.
func (l *line) settled(s settlement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unwritten = unwritten{
		parked: l.parked[len(s.parked):], refused: l.refused[len(s.refused):],
		gone: l.gone[len(s.gone):], heard: l.heard[len(s.heard):],
	}
	for _, it := range s.parked {
		it.desk = lying
		it.message.Body, it.message.Attributes = nil, nil
		l.close(it)
		l.offer(it)
	}
	l.wake()
}

func (it *letter) onDesk() desk.Parked {
	p := desk.Parked{
		EventID: it.message.EventID, Pairs: it.message.Pairs, Revision: it.message.Revision,
		Position: it.message.Position, State: desk.Held, Reason: it.reason, Refusals: it.refusals,
	}
	if it.refused {
		p.State = desk.Refused
	}
	return p
}

// restore lays what is on the desk before everything that the log will bring.
func (l *line) restore(topic Topic, parked []desk.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parked {
		if p.State == desk.Dropped {
			l.dropped[p.EventID] = true
			continue
		}
		it := &letter{
			message: Message{
				Topic: topic, EventID: p.EventID, Group: p.Pairs[0].String(), Pairs: p.Pairs, Position: p.Position, Revision: p.Revision,
			},
			desk: lying, refused: p.State == desk.Refused && p.Wish != desk.Retry, reason: p.Reason, refusals: p.Refusals,
		}
		l.desk[p.EventID] = it
		l.join(it)
		for _, on := range it.lanes {
			on.parked++
		}
	}
	l.wake()
}

// hear does what operators want of what lies on the desk. A letter that is just
// being sent is left alone: the wish stays, and is heard again.
func (l *line) hear(wishes []desk.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range wishes {
		switch it := l.desk[w.EventID]; {
		case w.Wish == desk.Drop && (it == nil || it.where == waiting):
			l.drop(w.EventID, it)
		case w.Wish == desk.Retry && it != nil && it.where == waiting && it.desk == lying && !l.writes(it):
			it.refused = false
			l.offer(it)
		}
	}
	l.wake()
}

// writes tells whether a refusal is still to be written, which ends the wish.
func (l *line) writes(it *letter) bool { return slices.Contains(l.refused, it) }

func (l *line) drop(id uuid.UUID, it *letter) {
	l.dropped[id] = true
	l.heard = append(l.heard, id)
	signal(l.moved)
	if it != nil {
		l.leave(it)
	}
}

// discard forgets what was refused, where there is no desk to lay it on, and
// tells what that was.
func (l *line) discard() []desk.Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refused []desk.Parked
	for _, it := range l.parked {
		it.desk = off
		for _, on := range it.lanes {
			on.parked--
		}
	}
	letters := l.parked
	clear(l.desk)
	l.unwritten = unwritten{}
	for _, it := range letters {
		if it.refused {
			refused = append(refused, it.onDesk())
			l.leave(it)
		}
	}
	for _, it := range letters {
		if it.where == waiting {
			l.offer(it)
		}
	}
	l.wake()
	return refused
}

// clear tells whether nothing lies on the desk.
func (l *line) clear() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.desk) == 0
}

// blocked counts what lies on the desk: what SNS refused, and what waits for it.
func (l *line) blocked() (refused, held int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range l.desk {
		if it.refused {
			refused++
		} else {
			held++
		}
	}
	return refused, held
}

// pairsOf is for the log.
func pairsOf(pairs []domain.Pair) []string {
	all := make([]string, len(pairs))
	for i, p := range pairs {
		all[i] = p.String()
	}
	return all
}
