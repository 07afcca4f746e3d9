package message_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// listener is a consumer that goes by the words of the messages alone: what is
// there, and whether it is closed. It reads only where the documents say that
// the word leaves something open.
type listener map[uuid.UUID]bool

func (l listener) hears(t *testing.T, m message.DomainEvent, read func(uuid.UUID) (closed, there bool)) {
	t.Helper()
	id := m.AdditionalInformation.NonAssociationID
	closed, known := l[id]
	switch m.AdditionalInformation.Change {
	case message.ChangeOpened:
		require.False(t, known, "it was there")
		l[id], _ = read(id)
	case message.ChangeAmended:
		require.True(t, known)
	case message.ChangeClosed:
		require.True(t, known)
		require.False(t, closed, "it was closed")
		l[id] = true
	case message.ChangeReopened:
		require.True(t, closed, "it was open")
		l[id] = false
	case message.ChangeDeleted:
		require.True(t, known)
		delete(l, id)
	case message.ChangeRenumbered:
		require.True(t, known)
		l[id], _ = read(id)
	}
}

// truth is what is there and whether it is closed today.
func (s *scenario) truth() listener {
	all := listener{}
	for _, state := range s.states {
		for _, n := range state.Items {
			if !n.Deleted {
				all[n.ID] = n.IsClosed(domain.Today(s.now))
			}
		}
	}
	return all
}

// Whatever staff, NOMIS and merges do in whatever order, who only listens knows
// what is there and what is closed.
func TestMessages_areEnoughToKnowWhatIsThere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newScenario(t)
		world := listener{}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			s.now = s.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(r, "hours")) * time.Hour)
			for id := range world { // a date that simply arrives makes no message
				world[id] = s.truth()[id]
			}
			events := s.anything(r)
			for _, event := range events {
				world.hears(t, event, func(id uuid.UUID) (bool, bool) { closed, there := s.at(event, id); return closed, there })
			}
			require.True(t, maps.Equal(s.truth(), world), "%v, and the world thinks %v", s.truth(), world)
		}
	})
}

// at is the answer at detailUrl right behind the fact of a message: in a
// decision of two facts the first does not know the second.
func (s *scenario) at(m message.DomainEvent, id uuid.UUID) (closed, there bool) {
	for _, entry := range s.history() {
		if entry.EventID == m.AdditionalInformation.EventID {
			require.Equal(s.t, id, entry.After.ID)
			return entry.After.ExpiryDate != nil && entry.After.ExpiryDate.Date() <= domain.Today(s.now), true
		}
	}
	return false, false
}

// anything is one command of any source, or a merge or its undoing in one go.
func (s *scenario) anything(r *rapid.T) []message.DomainEvent {
	pair := rapid.SampledFrom([]domain.Pair{ours, theirs}).Draw(r, "pair")
	switch rapid.IntRange(0, 3).Draw(r, "who") {
	case 0:
		return s.moves(r)
	case 1:
		return s.heard(domain.NOMIS, pair, domain.Sync{About: smaller, Items: itemsOf(r, pair)})
	case 2:
		return s.heard(domain.DPS, pair, domain.Open{
			FirstPrisoner: smaller, Comment: "They keep fighting", Reason: domain.Violence, Restriction: domain.Wing,
			Roles: map[domain.PrisonerNumber]domain.Role{smaller: domain.Victim, pair.Other(smaller): domain.Perpetrator},
		})
	default:
		id := uuid.Nil
		if items := s.state(pair).Items; len(items) > 0 {
			id = rapid.SampledFrom(items).Draw(r, "of").ID
		}
		return s.heard(domain.DPS, pair, rapid.SampledFrom([]domain.Command{
			domain.Amend{ID: id, Comment: pointTo(rapid.StringMatching("[a-z]{1,3}").Draw(r, "comment"))},
			domain.Close{ID: id, ClosedReason: "Friends"},
			domain.Reopen{ID: id, ReopenReason: "Again"},
			domain.Delete{ID: id},
		}).Draw(r, "command"))
	}
}

func (s *scenario) heard(source domain.Source, pair domain.Pair, c domain.Command) []message.DomainEvent {
	if _, err := s.tries(source, pair, smaller, c); err != nil {
		return nil // a refusal tells nothing
	}
	return s.events()
}

func itemsOf(r *rapid.T, pair domain.Pair) []domain.Item {
	dates := []domain.LocalDateTime{"2021-07-05T10:35:17", "2026-07-16T00:00:00", "2026-07-19T23:59:59", "2099-01-01T00:00:00"}
	var items []domain.Item
	for n := range rapid.IntRange(1, 2).Draw(r, "items") {
		item := itemOf(y2021, numbered(n+1), remarks(rapid.StringMatching("[a-z]{1,2}").Draw(r, "remark")))
		item.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{smaller: domain.CodeVictim, pair.Other(smaller): domain.CodeBullying}
		if rapid.Bool().Draw(r, "expires") {
			item.ExpiryDate = pointTo(rapid.SampledFrom(dates).Draw(r, "expiry"))
		}
		items = append(items, item)
	}
	return items
}

// moves brings the living ones of one pair to the other, either way.
func (s *scenario) moves(r *rapid.T) []message.DomainEvent {
	from, to, number := ours, theirs, merged
	if rapid.Bool().Draw(r, "back") {
		from, to, number = theirs, ours, domain.Renumbering{Previous: survivor, Number: larger, Reason: "A mistake"}
	}
	arrive := domain.TransferIn{Renumbering: number, From: from, Revision: s.length[from]}
	var ids []uuid.UUID
	for _, n := range s.state(from).Items {
		if !n.Deleted {
			arrive.Records, ids = append(arrive.Records, domain.TransferredRecord{NonAssociation: number.Of(n)}), append(ids, n.ID)
		}
	}
	s.does(domain.Merge, to, number.Number, arrive)
	events, told := s.events(), s.sent
	s.does(domain.Merge, from, number.Number, domain.TransferOut{Renumbering: number, To: to, IDs: ids, Revision: s.length[from]})
	require.Empty(s.t, s.events())
	s.sent = told
	return events
}
