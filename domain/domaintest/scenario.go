// Package domaintest builds the histories that tests of several packages begin with:
// two prisoners, a fixed clock, and a [Scenario] that decides commands one after the
// other. It needs no store: what a Scenario has decided are plain facts, which a test
// may append wherever it likes.
package domaintest

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// Low and High are two prisoners whose pair is in sorted order.
const (
	Low  domain.PrisonerNumber = "A0135GA"
	High domain.PrisonerNumber = "A9109UD"
)

var (
	// Pair is the pair of Low and High.
	Pair = PairOf(Low, High)
	// London is the location of every wall-clock time in the service.
	London = mustLoadLondon()
	// Noon is a moment in summer time, so that London and UTC differ: 12:00 in London.
	Noon = time.Date(2026, 7, 15, 12, 0, 0, 0, London)
)

// PairOf returns the pair of two prisoners in either order. It panics when they are one
// prisoner.
func PairOf(one, other domain.PrisonerNumber) domain.Pair {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		panic(err)
	}
	return pair
}

func mustLoadLondon() *time.Location {
	location, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return location
}

// CommandID returns the id of the n-th command of a Scenario. It is the same in every
// run, so that golden files and counterexamples stay comparable.
func CommandID(n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n)}) //nolint:gosec // a scenario has few commands
}

// CauseOf returns the cause of a command with a given id: asked by an officer, about
// High.
func CauseOf(command uuid.UUID, source domain.Source) domain.Cause {
	return domain.Cause{
		CommandID: command, CorrelationID: command, CausationID: command,
		Actor: "OFFICER", Source: source, About: High,
	}
}

// TB is what a Scenario needs of a test. [testing.TB] and [pgregory.net/rapid.T] have
// it.
type TB interface {
	require.TestingT
	Helper()
}

// Scenario is a pair with a history that grows by the commands given to it. Its
// methods fail the test at once when a decision is not what they say. It belongs to one
// goroutine.
type Scenario struct {
	State domain.State  // behind Facts
	Facts []domain.Fact // of the pair, from the first on
	Now   time.Time     // of the next decision
	t     TB
	asked int
}

// NewScenario begins a history of Pair at Noon, without any fact.
func NewScenario(t TB) *Scenario { return NewScenarioOf(t, Pair) }

// NewScenarioOf begins a history of another pair.
func NewScenarioOf(t TB, pair domain.Pair) *Scenario {
	return &Scenario{t: t, State: domain.State{Pair: pair}, Now: Noon}
}

// Cause is the cause of the command that was decided last.
func (s *Scenario) Cause(source domain.Source) domain.Cause {
	return CauseOf(CommandID(s.asked), source)
}

// At moves the clock, forwards or backwards.
func (s *Scenario) At(now time.Time) *Scenario {
	s.Now = now
	return s
}

// Decide decides a command and folds the facts it comes to. A refusal leaves the
// history as it was.
func (s *Scenario) Decide(source domain.Source, c domain.Command) (domain.Decision, error) {
	s.t.Helper()
	s.asked++
	decision, err := domain.Decide(s.State, c, s.Now, s.Cause(source))
	for _, fact := range decision.Facts(s.State, c, s.Now, s.Cause(source)) {
		s.Facts = append(s.Facts, fact)
		s.State = domain.Evolve(s.State, fact)
	}
	return decision, err
}

// Happens folds an event of NOMIS that no command decides. It is one day later than
// Now, so that a test sees which values the event leaves alone.
func (s *Scenario) Happens(event domain.Event) {
	s.asked++
	fact := domain.Fact{
		ID:    CommandID(s.asked),
		Meta:  domain.Meta{Cause: s.Cause(domain.NOMIS), DecidedAt: s.Now.AddDate(0, 0, 1)},
		Event: event,
	}
	s.State = domain.Evolve(s.State, fact)
}

// Sync decides a request of NOMIS, which must not be refused.
func (s *Scenario) Sync(items ...domain.Item) domain.Decision {
	s.t.Helper()
	return s.mustDecide(domain.NOMIS, domain.Sync{About: High, Items: items})
}

// Migrate decides a request of the migration, which must not be refused.
func (s *Scenario) Migrate(items ...domain.Item) domain.Decision {
	s.t.Helper()
	return s.mustDecide(domain.Migration, domain.Sync{About: High, Items: items})
}

// Staff decides a command of staff, which must not be refused.
func (s *Scenario) Staff(c domain.Command) domain.Decision {
	s.t.Helper()
	return s.mustDecide(domain.DPS, c)
}

// Merge decides a step of a prisoner merge, which must not be refused.
func (s *Scenario) Merge(c domain.Command) domain.Decision {
	s.t.Helper()
	return s.mustDecide(domain.Merge, c)
}

func (s *Scenario) mustDecide(source domain.Source, c domain.Command) domain.Decision {
	s.t.Helper()
	decision, err := s.Decide(source, c)
	require.NoError(s.t, err)
	return decision
}

// Refused decides a command that must be refused with a code and must leave no fact.
func (s *Scenario) Refused(code domain.Code, source domain.Source, c domain.Command) {
	s.t.Helper()
	before := len(s.Facts)
	_, err := s.Decide(source, c)
	var refusal domain.Refusal
	require.ErrorAs(s.t, err, &refusal)
	require.Equal(s.t, code, refusal.Code, refusal.Message)
	require.Len(s.t, s.Facts, before, "a refusal leaves no fact")
}

// NewCause returns the cause of a new command, with an id of its own.
func NewCause(source domain.Source) domain.Cause {
	cause := CauseOf(uuid.New(), source)
	cause.Actor = "NOMIS_SYNC"
	return cause
}

// SyncOf returns a request of NOMIS about a pair, with one item that has a comment. The
// item is not closed.
func SyncOf(pair domain.Pair, comment string) domain.Sync {
	numbers := pair.Numbers()
	return domain.Sync{About: numbers[1], Items: []domain.Item{{
		Comment: &comment, EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: domain.CodeVictim, numbers[1]: domain.CodePerpetrator},
	}}}
}
