package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// The tests of the rules read: given a history, when a command comes, then
// these events, these outcomes or this refusal.

const (
	low  domain.PrisonerNumber = "A0135GA"
	high domain.PrisonerNumber = "A9109UD"
)

var (
	pair   = mustPair(low, high)
	london = mustLondon()
	noon   = time.Date(2026, 7, 15, 12, 0, 0, 0, london)
)

func mustPair(one, other domain.PrisonerNumber) domain.Pair {
	p, err := domain.NewPair(one, other)
	if err != nil {
		panic(err)
	}
	return p
}

func mustLondon() *time.Location {
	location, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return location
}

// story is a pair with a history that grows by the commands given to it.
type story struct {
	t     *testing.T
	state domain.State
	facts []domain.Fact
	now   time.Time
	asked int
}

func given(t *testing.T) *story {
	t.Helper()
	return &story{t: t, state: domain.State{Pair: pair}, now: noon}
}

// id of the n-th command of a story, the same in every run.
func commandID(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n)}) }

func (s *story) by(source domain.Source) domain.Cause {
	return domain.Cause{
		CommandID: commandID(s.asked), CorrelationID: commandID(s.asked), CausationID: commandID(s.asked),
		Actor: "OFFICER", Source: source, About: high,
	}
}

// at moves the clock.
func (s *story) at(now time.Time) *story {
	s.now = now
	return s
}

// decide runs a command and folds what it came to.
func (s *story) decide(source domain.Source, c domain.Command) (domain.Decision, error) {
	s.t.Helper()
	s.asked++
	decision, err := domain.Decide(s.state, c, s.now, s.by(source))
	for _, fact := range decision.Facts(s.state, c, s.now, s.by(source)) {
		s.facts = append(s.facts, fact)
		s.state = domain.Evolve(s.state, fact)
	}
	return decision, err
}

func (s *story) synced(items ...domain.Item) domain.Decision {
	s.t.Helper()
	decision, err := s.decide(domain.NOMIS, domain.Sync{About: high, Items: items})
	require.NoError(s.t, err)
	return decision
}

func (s *story) migrated(items ...domain.Item) domain.Decision {
	s.t.Helper()
	decision, err := s.decide(domain.Migration, domain.Sync{About: high, Items: items})
	require.NoError(s.t, err)
	return decision
}

func (s *story) staff(c domain.Command) domain.Decision {
	s.t.Helper()
	decision, err := s.decide(domain.DPS, c)
	require.NoError(s.t, err)
	return decision
}

func (s *story) refused(code domain.Code, source domain.Source, c domain.Command) {
	s.t.Helper()
	before := len(s.facts)
	_, err := s.decide(source, c)
	var refusal domain.Refusal
	require.ErrorAs(s.t, err, &refusal)
	require.Equal(s.t, code, refusal.Code, refusal.Message)
	require.Len(s.t, s.facts, before, "a refusal leaves no fact")
}

// opened is a story that staff began.
func opened(t *testing.T) (*story, uuid.UUID) {
	t.Helper()
	s := given(t)
	d := s.staff(domain.Open{
		FirstPrisoner: high, Comment: "They keep fighting", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{high: domain.Victim, low: domain.Perpetrator},
	})
	return s, d.Outcomes[0].NonAssociationID
}

// item is what NOMIS tells of the pair, changed by the given functions.
func item(effective domain.LocalDateTime, changes ...func(*domain.Item)) domain.Item {
	i := domain.Item{
		AuthorisedBy: ptr("Staff Name"), Comment: ptr("Do not location near"), EffectiveDate: effective,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{high: domain.CodeVictim, low: domain.CodePerpetrator},
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
		i.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{high: ofHigh, low: ofLow}
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
