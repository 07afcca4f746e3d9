package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Action is what a step does.
type Action string

// The actions. Both systems write to each other only by these.
const (
	Learn   Action = "learn"   // record under which sequence NOMIS knows the record
	Release Action = "release" // record that NOMIS has the sequence no longer
	Delete  Action = "delete"  // delete the record here: NOMIS's staff deleted it
	Revert  Action = "revert"  // give the record the form back that it had before a take
	Take    Action = "take"    // take over what NOMIS holds
	Remove  Action = "remove"  // delete it in NOMIS
	Put     Action = "put"     // write the values to NOMIS
	Post    Action = "post"    // create it in NOMIS
	Confirm Action = "confirm" // record that NOMIS holds it
)

// Step is one thing that brings the two systems together. Only the fields of its action
// are set.
type Step struct {
	Action           Action
	NonAssociationID uuid.UUID // the nil UUID for a take, and for a removal of one that is not here
	TypeSequence     int       // 0 for a take, a post, and what NOMIS never had a sequence for
	Why              string    // one sentence with the values that decided it

	Detail domain.Detail        // put, post: what NOMIS is to hold; confirm: what it holds
	Held   []domain.DetailField // put, confirm: fields that NOMIS is left with
	Sync   domain.Sync          // take, revert
	// GivesBack are the records that a take would give a form that they had before.
	GivesBack []GivenBack

	rank int // the order in which steps are taken
}

// ProblemKind names a problem. The values are part of the API: never change one.
type ProblemKind string

// The problems that a plan finds.
const (
	MirrorsDisagree    ProblemKind = "MIRRORS_DISAGREE"
	OnlyHere           ProblemKind = "ONLY_HERE"
	DeletedThere       ProblemKind = "DELETED_THERE"
	ChangedAfterDelete ProblemKind = "CHANGED_AFTER_DELETE"
	ChangedAfterSwitch ProblemKind = "CHANGED_AFTER_SWITCH"
	AnotherOpen        ProblemKind = "ANOTHER_OPEN"
	BlockedByOpen      ProblemKind = "BLOCKED_BY_OPEN"
	PrisonerUnknown    ProblemKind = "PRISONER_UNKNOWN"
	NotHoldable        ProblemKind = "NOT_HOLDABLE"
	Refused            ProblemKind = "REFUSED"
	NotTaken           ProblemKind = "NOT_TAKEN"
	NoProgress         ProblemKind = "NO_PROGRESS" // a fault of the service
	NotReached         ProblemKind = "NOT_REACHED" // a turn finds it, and no plan
)

// Problem is a difference that no step may solve. It stops the writes of its record and
// not those of others.
type Problem struct {
	Kind             ProblemKind
	NonAssociationID uuid.UUID // the nil UUID for one that is only in NOMIS
	TypeSequence     int       // 0 when NOMIS does not have it
	Fields           []domain.DetailField
	Deleted          *domain.Detail // what the record was whose detail this is; of CHANGED_AFTER_DELETE only
	Why              string
}

// Wait is a step that is put off to a time. The zero time is one that nobody knows.
type Wait struct {
	NonAssociationID uuid.UUID
	TypeSequence     int
	Until            time.Time
	Why              string
}

// Match is a record of ours, one of NOMIS, or both when they are one.
type Match struct {
	Ours     *domain.NonAssociation
	Theirs   *Theirs
	Differs  []domain.DetailField // of a live one that both have
	Accepted bool                 // a person left the difference as it is
}

// Plan is the comparison of the two systems for a pair.
type Plan struct {
	Steps    []Step // the first one is next; after it a new plan is to be made
	Problems []Problem
	Waits    []Wait
	Matches  []Match // ours in recorded order, then those of NOMIS alone by sequence
	// Told is what a take would come to for each detail that takes part in one, whether or
	// not inbound is allowed, and whether or not there is such a step.
	Told []Told
}

// Told is the outcome of one detail of NOMIS in a take.
type Told struct {
	TypeSequence int
	Outcome      domain.Outcome
}

// planner is the state of one call of Make.
type planner struct {
	Input
	today   string
	state   domain.State
	records []record // candidates of ours, in recorded order
	partner []int    // of each of theirs: index of the record, or none
	plan    Plan
}

// record is one of ours with all that is compared.
type record struct {
	domain.NonAssociation
	domain.Exchange
	detail domain.Detail
	theirs int // index of the partner, or none
}

// none is the index of no partner.
const none = -1

// Make returns the plan of a pair.
func Make(in Input) Plan {
	p := &planner{Input: in, today: domain.Today(in.Now), state: in.Exchanges.State()}
	p.list()
	if in.Unknown != "" {
		p.unknown()
		return p.plan
	}
	p.match()
	for i := range p.records {
		p.compare(i)
	}
	p.onlyTheirs()
	p.revert()
	p.take()
	slices.SortStableFunc(p.plan.Steps, func(a, b Step) int { return cmp.Compare(a.rank, b.rank) })
	return p.plan
}

// list collects the records of ours that take part: live ones, and deleted ones until
// NOMIS is known to have them no longer. A deleted one that a merge brought without a base
// was never in NOMIS, or is no longer: a transfer does not say which.
func (p *planner) list() {
	for _, n := range p.state.Items {
		exchange := p.Exchanges.Of(n.ID)
		if n.Deleted && (exchange.Released() || n.TransferredFrom != nil && n.TypeSequence == 0 && !exchange.HasBase()) {
			continue
		}
		detail, _ := n.Detail()
		p.records = append(p.records, record{n, exchange, detail, none})
	}
	p.partner = make([]int, len(p.Theirs))
	for k := range p.partner {
		p.partner[k] = none
	}
}

// unknown reports the prisoner that NOMIS does not know, for each live record.
func (p *planner) unknown() {
	for i := range p.records {
		if r := &p.records[i]; !r.Deleted {
			p.plan.Matches = append(p.plan.Matches, Match{Ours: &r.NonAssociation})
			p.problem(r, nil, PrisonerUnknown, nil, p.Unknown)
		}
	}
}

// step adds a step on a record.
func (p *planner) step(rank int, r *record, s Step) {
	s.rank, s.NonAssociationID = rank, r.ID
	p.plan.Steps = append(p.plan.Steps, s)
}

// problem adds a problem of a record, of one of theirs, or of both.
func (p *planner) problem(r *record, t *Theirs, kind ProblemKind, fields []domain.DetailField, why string) {
	found := Problem{Kind: kind, Fields: fields, Why: why}
	if r != nil {
		found.NonAssociationID = r.ID
	}
	if t != nil {
		found.TypeSequence = t.sequence()
	}
	p.plan.Problems = append(p.plan.Problems, found)
}

// wait adds a step that is put off.
func (p *planner) wait(r *record, t *Theirs, until time.Time, why string) {
	w := Wait{Until: until, Why: why}
	if r != nil {
		w.NonAssociationID = r.ID
	}
	if t != nil {
		w.TypeSequence = t.sequence()
	}
	p.plan.Waits = append(p.plan.Waits, w)
}

// decision returns the decision of a kind about a record or one of theirs, while both
// sides are what they were and its time has not passed.
func (p *planner) decision(kind Kind, r *record, t *Theirs) (Decision, bool) {
	for _, d := range p.Policy.Decisions {
		if d.Kind == kind && d.about(r, t) && d.holds(r, t) && (d.Until.IsZero() || p.Now.Before(d.Until)) {
			return d, true
		}
	}
	return Decision{}, false
}

// about reports whether the decision is about a record, or about one that is only in
// NOMIS.
func (d Decision) about(r *record, t *Theirs) bool {
	if r != nil {
		return d.NonAssociationID == r.ID
	}
	if d.NonAssociationID != uuid.Nil || t == nil {
		return false
	}
	return d.TypeSequence == t.sequence() || d.TypeSequence == 0 && d.Theirs != nil && d.Theirs.Equal(t.Detail)
}

// holds reports whether both sides are what they were when it was decided.
func (d Decision) holds(r *record, t *Theirs) bool {
	return (d.Ours == nil) == (r == nil) && (r == nil || d.Ours.Equal(r.detail)) &&
		(d.Theirs == nil) == (t == nil) && (t == nil || d.Theirs.Equal(t.Detail))
}

// repairs reports whether a person chose a direction for a record, or for one that is
// only in NOMIS.
func (p *planner) repairs(r *record, t *Theirs) (fromNOMIS, chosen bool) {
	c := p.Policy.Repair
	if c == nil {
		return false, false
	}
	d := Decision{NonAssociationID: c.NonAssociationID, TypeSequence: c.TypeSequence}
	return c.FromNOMIS, d.about(r, t)
}
