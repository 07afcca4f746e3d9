package domain_test

import (
	"testing"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// The tests of the rules read: given a history, when a command comes, then
// these events, these outcomes or this refusal.

var pair = domaintest.Pair

// OpenedScenario is a story that staff began.
func OpenedScenario(t *testing.T) (*domaintest.Scenario, uuid.UUID) {
	t.Helper()
	s := domaintest.NewScenario(t)
	d := s.Staff(domain.Open{
		FirstPrisoner: domaintest.High, Comment: "They keep fighting", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{domaintest.High: domain.Victim, domaintest.Low: domain.Perpetrator},
	})
	return s, d.Outcomes[0].NonAssociationID
}

// item is what NOMIS tells of the pair, changed by the given functions.
func item(effective domain.LocalDateTime, changes ...func(*domain.Item)) domain.Item {
	i := domain.Item{
		AuthorisedBy: ptr("Staff Name"), Comment: ptr("Do not location near"), EffectiveDate: effective,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{domaintest.High: domain.CodeVictim, domaintest.Low: domain.CodePerpetrator},
		TypeCode:    domain.TypeWing,
	}
	for _, change := range changes {
		change(&i)
	}
	return i
}

func expiring(at domain.LocalDateTime) func(*domain.Item) {
	return func(i *domain.Item) { i.ExpiryDate = &at }
}

func sequence(n int) func(*domain.Item) { return func(i *domain.Item) { i.TypeSequence = n } }

func named(id uuid.UUID) func(*domain.Item) { return func(i *domain.Item) { i.ID = id } }

func comment(text string) func(*domain.Item) { return func(i *domain.Item) { i.Comment = &text } }

func typed(code domain.TypeCode) func(*domain.Item) {
	return func(i *domain.Item) { i.TypeCode = code }
}

func coded(ofHigh, ofLow domain.ReasonCode) func(*domain.Item) {
	return func(i *domain.Item) {
		i.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{domaintest.High: ofHigh, domaintest.Low: ofLow}
	}
}

func ptr[T any](value T) *T { return &value }

func kinds(d domain.Decision) []domain.OutcomeKind {
	var kinds []domain.OutcomeKind
	for _, o := range d.Outcomes {
		kinds = append(kinds, o.Kind)
	}
	return kinds
}

const (
	created   = domain.Created
	amended   = domain.Changed
	unchanged = domain.Unchanged
	ignored   = domain.WasIgnored
)
