package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/plan"
)

const (
	low, high = domaintest.Low, domaintest.High
	api       = "NON_ASSOCIATIONS_API"
	today     = "2026-07-15"
)

var pair = domaintest.Pair

// story is a pair in both systems: the facts of ours, and what NOMIS holds.
type story struct {
	*domaintest.Scenario
	t      testing.TB
	theirs map[int]plan.Theirs
	policy plan.Policy
}

func newStory(t testing.TB) *story {
	return &story{
		Scenario: domaintest.NewScenario(t), t: t, theirs: map[int]plan.Theirs{},
		policy: plan.Policy{Inbound: true, Outbound: true, Authors: []string{api}, Deletions: map[int]time.Time{}},
	}
}

// staffOpen opens a record by staff, effective today, and returns its id.
func (s *story) staffOpen() uuid.UUID {
	s.t.Helper()
	d := s.Staff(domain.Open{
		FirstPrisoner: low, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	})
	return d.Outcomes[0].NonAssociationID
}

// nomisOpen tells of a record by sync and puts the same into NOMIS.
func (s *story) nomisOpen(sequence int, effective string, expiry *string) uuid.UUID {
	s.t.Helper()
	t := detail(sequence, effective, expiry)
	d := s.Sync(itemOf(t))
	s.theirs[sequence] = theirs(t)
	return d.Outcomes[0].NonAssociationID
}

// delivered puts a record of ours into NOMIS and records that it is there.
func (s *story) delivered(id uuid.UUID, sequence int) {
	s.t.Helper()
	d := s.ours(id)
	d.TypeSequence = &sequence
	s.theirs[sequence] = theirs(d)
	s.decide(domain.Deliver{ID: id, TypeSequence: sequence, Revision: s.revision(), Detail: d})
}

// decide decides a command of a turn.
func (s *story) decide(c domain.Command) {
	s.t.Helper()
	_, err := s.Decide(domain.NOMIS, c)
	require.NoError(s.t, err)
}

func (s *story) revision() uint64 { return uint64(len(s.Facts)) - 1 }

// ours is a record in canonical form.
func (s *story) ours(id uuid.UUID) domain.Detail {
	n, _ := s.State.Item(id)
	d, _ := n.Detail()
	return d
}

// changes changes what NOMIS holds.
func (s *story) changes(sequence int, change func(*plan.Theirs)) {
	t := s.theirs[sequence]
	change(&t)
	t.Open = t.Detail.ExpiryDate == nil
	s.theirs[sequence] = t
}

// comment changes a text in NOMIS.
func (s *story) comment(sequence int, text string) {
	s.changes(sequence, func(t *plan.Theirs) { t.Detail.Comment = &text })
}

func (s *story) input() plan.Input {
	in := plan.Input{
		Pair: pair, Exchanges: domain.NewExchanges(pair), Revision: int64(len(s.Facts)) - 1, Now: s.Now, Policy: s.policy,
	}
	for revision, fact := range s.Facts {
		in.Exchanges.Add(uint64(revision), fact.Meta.DecidedAt, fact)
	}
	for _, t := range s.theirs {
		in.Theirs = append(in.Theirs, t)
	}
	slices.SortFunc(in.Theirs, func(a, b plan.Theirs) int { return *a.Detail.TypeSequence - *b.Detail.TypeSequence })
	return in
}

func (s *story) plan() plan.Plan { return plan.Make(s.input()) }

// steps are the actions of the plan, in their order.
func (s *story) steps() []plan.Action {
	var actions []plan.Action
	for _, step := range s.plan().Steps {
		actions = append(actions, step.Action)
	}
	return actions
}

// problems are the kinds of the problems of the plan.
func (s *story) problems() []plan.ProblemKind {
	var kinds []plan.ProblemKind
	for _, p := range s.plan().Problems {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

// isQuiet requires a plan without steps, problems and waits.
func (s *story) isQuiet() {
	s.t.Helper()
	p := s.plan()
	require.Empty(s.t, p.Steps)
	require.Empty(s.t, p.Problems)
	require.Empty(s.t, p.Waits)
}

// takes carries the first step out, which must be a take.
func (s *story) takes() domain.Decision {
	s.t.Helper()
	steps := s.plan().Steps
	require.NotEmpty(s.t, steps)
	require.Equal(s.t, plan.Take, steps[0].Action)
	d, err := s.Decide(domain.NOMIS, steps[0].Sync)
	require.NoError(s.t, err)
	return d
}

// detail is a record of NOMIS.
func detail(sequence int, effective string, expiry *string) domain.Detail {
	text, by := "Told", "STAFF"
	return domain.Detail{
		AuthorisedBy: &by, Comment: &text, EffectiveDate: effective, ExpiryDate: expiry, TypeCode: domain.TypeWing,
		ReasonCodes:  map[domain.PrisonerNumber]domain.ReasonCode{low: domain.CodeVictim, high: domain.CodePerpetrator},
		TypeSequence: &sequence,
	}
}

// theirs is a detail as both rows of NOMIS have it.
func theirs(d domain.Detail) plan.Theirs {
	return plan.Theirs{Detail: d, UpdatedBy: api, OtherUpdatedBy: api, Open: d.ExpiryDate == nil}
}

// itemOf is a detail as NOMIS sends it.
func itemOf(d domain.Detail) domain.Item {
	item := domain.Item{
		AuthorisedBy: d.AuthorisedBy, Comment: d.Comment, DatePrecision: domain.Day, TypeCode: d.TypeCode, TypeSequence: *d.TypeSequence,
		EffectiveDate: domain.LocalDateTime(d.EffectiveDate + "T00:00:00"), ReasonCodes: d.ReasonCodes,
	}
	if d.ExpiryDate != nil {
		expiry := domain.LocalDateTime(*d.ExpiryDate + "T00:00:00")
		item.ExpiryDate = &expiry
	}
	return item
}

func ptr[T any](value T) *T { return &value }
