package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// A comment changed here and a type changed there both survive.
func TestMerged_keepsTheChangesOfBothSides(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.changes(1, func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeTotal })
	s.takes()
	require.Equal(t, ptr("Ours"), s.State.Items[0].Comment)
	require.Equal(t, domain.TypeTotal, s.State.Items[0].TypeCode)
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, domain.TypeTotal, s.plan().Steps[0].Detail.TypeCode)
	require.Equal(t, ptr("Ours"), s.plan().Steps[0].Detail.Comment)
}

func TestMerged_ofAFieldThatBothChanged(t *testing.T) {
	for name, c := range map[string]struct {
		ours   domain.Command
		theirs func(*plan.Theirs)
		got    func(domain.NonAssociation) any
		want   any
	}{
		"text: theirs": {
			domain.Amend{Comment: ptr("Ours")},
			func(t *plan.Theirs) { t.Detail.Comment = ptr("Theirs") },
			func(n domain.NonAssociation) any { return *n.Comment }, "Theirs",
		},
		"type: the stricter, theirs": {
			domain.Amend{Restriction: ptr(domain.Cell)},
			func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeLanding },
			func(n domain.NonAssociation) any { return n.TypeCode }, domain.TypeLanding,
		},
		"type: the stricter, ours": {
			domain.Amend{Restriction: ptr(domain.Landing)},
			func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeCell },
			func(n domain.NonAssociation) any { return n.TypeCode }, domain.TypeLanding,
		},
		"expiry: the later, theirs": {
			domain.Close{ClosedReason: "Friends"},
			func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2030-01-01") },
			func(n domain.NonAssociation) any { return n.ExpiryDate.Date() }, "2030-01-01",
		},
		"expiry: the later, ours": {
			domain.Close{ClosedReason: "Friends"},
			func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2022-01-01") },
			func(n domain.NonAssociation) any { return n.ExpiryDate.Date() }, today,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			id := s.nomisOpen(1, "2021-07-05", nil)
			switch command := c.ours.(type) {
			case domain.Amend:
				command.ID = id
				s.Staff(command)
			case domain.Close:
				command.ID = id
				s.Staff(command)
			default:
				require.Fail(t, "no such story")
			}
			s.changes(1, c.theirs)
			for len(s.steps()) > 0 && s.steps()[0] == plan.Take {
				s.takes()
			}
			require.Equal(t, c.want, c.got(s.State.Items[0]))
			for _, step := range s.plan().Steps {
				require.Equal(t, plan.Put, step.Action)
			}
			s.delivered(id, 1)
			s.isQuiet()
		})
	}
}

// The value in NOMIS is one that we wrote, and the answer was lost: it is no change there.
func TestMerged_ofOurOwnWriteWhoseAnswerWasLost(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("First")})
	s.comment(1, "First")
	s.Staff(domain.Amend{ID: id, Comment: ptr("Second")})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, ptr("Second"), s.plan().Steps[0].Detail.Comment)
}

// Without a base every value that ours has had since it was opened is our own.
func TestMerged_withoutABase(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.theirs[4] = theirs(numbered(s.ours(id), 4))
	s.changes(4, func(t *plan.Theirs) { t.Detail.Comment, t.Detail.TypeCode = ptr("Theirs"), domain.TypeCell })
	s.decide(domain.LearnSequence{ID: id, TypeSequence: 4})
	s.takes()
	require.Equal(t, ptr("Theirs"), s.State.Items[0].Comment)
	require.Equal(t, domain.TypeWing, s.State.Items[0].TypeCode, "the stricter")
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
}

func TestClosing_inNOMISClosesHereAndReopeningReopens(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", nil)
	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2026-07-01") })
	s.takes()
	require.True(t, s.State.Items[0].IsClosed(today))
	s.isQuiet()
	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate = nil })
	s.takes()
	require.False(t, s.State.Items[0].IsClosed(today))
	s.isQuiet()
}

func TestReopening_hereIsWrittenToNOMIS(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.Staff(domain.Reopen{ID: id, ReopenReason: "Again"})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Nil(t, s.plan().Steps[0].Detail.ExpiryDate)
}

func TestMatch_isOneToOneFromTheSurestToTheLeastSure(t *testing.T) {
	s := newStory(t)
	first := s.nomisOpen(1, "2021-07-05", ptr("2021-08-05"))
	second := s.nomisOpen(2, "2021-07-05", ptr("2021-09-05"))
	s.theirs = map[int]plan.Theirs{
		1: theirs(detail(1, "2021-07-05", ptr("2021-09-05"))), 2: theirs(detail(2, "2021-07-05", ptr("2021-08-05"))),
	}
	matches := s.plan().Matches
	require.Equal(t, first, matches[0].Ours.ID)
	require.Equal(t, 1, *matches[0].Theirs.Detail.TypeSequence, "sequence and day come before all else")
	require.Equal(t, second, matches[1].Ours.ID)

	s.theirs = map[int]plan.Theirs{
		7: theirs(detail(7, "2021-07-05", ptr("2021-09-05"))), 8: theirs(detail(8, "2021-07-05", ptr("2021-08-05"))),
	}
	matches = s.plan().Matches
	require.Equal(t, 8, *matches[0].Theirs.Detail.TypeSequence, "what it is")
	require.Equal(t, 7, *matches[1].Theirs.Detail.TypeSequence)

	s.theirs = map[int]plan.Theirs{2: theirs(detail(2, "2024-01-01", ptr("2024-02-01")))}
	matches = s.plan().Matches
	require.Nil(t, matches[0].Theirs)
	require.Equal(t, 2, *matches[1].Theirs.Detail.TypeSequence, "the sequence alone")
}

func TestMatch_ofTheOpenOnesIsTheLastResort(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.theirs = map[int]plan.Theirs{
		5: theirs(detail(5, "2020-01-01", nil)), 6: theirs(detail(6, "2023-01-01", nil)), 7: theirs(detail(7, "2027-01-01", nil)),
	}
	match := s.plan().Matches[0]
	require.Equal(t, id, match.Ours.ID)
	require.Equal(t, 6, *match.Theirs.Detail.TypeSequence, "the latest that has begun")
}
