package domain

import (
	"time"

	"github.com/google/uuid"
)

// Command is a request to change one pair, one prisoner number or the switch-over. The
// set is closed: a switch over it that leaves one out is a bug that the linter finds.
//
//sumtype:decl
type Command interface{ command() }

// Sync is what NOMIS sends about a pair, by sync or by migration. A record that no item
// mentions is left as it is. NOMIS deletes records by their own endpoint.
type Sync struct {
	About    PrisonerNumber `json:"about"` // the prisoner of the request, who is named first in new records
	Items    []Item         `json:"items"`
	Switched bool           `json:"switched,omitempty"` // inbound is not allowed: what would change a record is ignored
}

// Open creates a non-association on behalf of staff.
type Open struct {
	Comment       string                  `json:"comment"`
	FirstPrisoner PrisonerNumber          `json:"namedFirst"`
	Reason        Reason                  `json:"reason"`
	Restriction   Restriction             `json:"restriction"`
	Roles         map[PrisonerNumber]Role `json:"roles"` // one entry a side
}

// Amend changes the values that are not nil. Roles changes the roles of the prisoners
// that it has.
type Amend struct {
	Comment     *string                 `json:"comment,omitempty"`
	ID          uuid.UUID               `json:"id"`
	IfMatch     FactsSeen               `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	Reason      *Reason                 `json:"reason,omitempty"`
	Restriction *Restriction            `json:"restriction,omitempty"`
	Roles       map[PrisonerNumber]Role `json:"roles,omitempty"`
}

// Close closes a non-association. The default of ClosedAt is now, and that of ClosedBy
// the actor.
type Close struct {
	ClosedAt     *LocalDateTime `json:"closedAt,omitempty"`
	ClosedBy     string         `json:"closedBy,omitempty"`
	ClosedReason string         `json:"closedReason"`
	ID           uuid.UUID      `json:"id"`
	IfMatch      FactsSeen      `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
}

// Reopen reverses a closing. The default of ReopenedAt is now, and that of ReopenedBy
// the actor.
type Reopen struct {
	ID           uuid.UUID      `json:"id"`
	IfMatch      FactsSeen      `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	ReopenReason string         `json:"reopenReason"`
	ReopenedAt   *LocalDateTime `json:"reopenedAt,omitempty"`
	ReopenedBy   string         `json:"reopenedBy,omitempty"`
}

// Delete hides a non-association. The default of RequestedBy is the actor.
type Delete struct {
	DeletionReason string    `json:"deletionReason,omitempty"`
	ID             uuid.UUID `json:"id"`
	IfMatch        FactsSeen `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	RequestedBy    string    `json:"requestedBy,omitempty"`
	Switched       bool      `json:"switched,omitempty"` // inbound is not allowed: it is ignored
}

func (Sync) command()   {}
func (Open) command()   {}
func (Amend) command()  {}
func (Close) command()  {}
func (Reopen) command() {}
func (Delete) command() {}

// OutcomeKind is what became of an item of a [Sync]. The values are part of the
// answers: never change one.
type OutcomeKind string

// The kinds of outcome. The values are part of answers: never change one.
const (
	Created    OutcomeKind = "CREATED"
	Changed    OutcomeKind = "AMENDED"
	Unchanged  OutcomeKind = "UNCHANGED"
	WasIgnored OutcomeKind = "IGNORED"
)

// Outcome is the result for one item of a [Sync].
type Outcome struct {
	Kind             OutcomeKind
	NonAssociationID uuid.UUID
	Reason           IgnoreReason // of an ignored one
}

// Decision is the result of a command: the events to append, none when nothing changes.
// Outcomes has one entry for each item of a [Sync], in its order. For every other
// command it has one entry, the non-association of the command.
type Decision struct {
	Events     []Event
	Outcomes   []Outcome
	Actors     []string  // of the events whose actor is not that of the command; nil for none
	OccurredAt time.Time // when it was true: the time that staff gave, else now
}

// Decide applies the rules to a command on a pair. It is pure: the same arguments give
// the same decision. now is the moment of the decision, in Europe/London. The error, if
// any, is a [Refusal], or [Moved] when the record has left the pair.
func Decide(s State, c Command, now time.Time, by Cause) (Decision, error) {
	switch c := c.(type) {
	case Sync:
		return decideSync(s, c, now, by)
	case Open:
		return decideOpen(s, c, now, by)
	case Amend:
		return decideAmend(s, c, now)
	case Close:
		return decideClose(s, c, now, by)
	case Reopen:
		return decideReopen(s, c, now, by)
	case Delete:
		return decideDelete(s, c, now, by)
	case TransferIn:
		return decideTransferIn(s, c, now, by)
	case TransferOut:
		return decideTransferOut(s, c, now)
	case DeleteSelfPair:
		return decideDeleteSelfPair(s, c, now, by)
	case Restore:
		return decideRestore(s, c, now, by)
	case LearnSequence:
		return decideLearnSequence(s, c, now)
	case ReleaseSequence:
		return decideReleaseSequence(s, c, now, by)
	case Deliver:
		return decideDeliver(s, c, now)
	case RemoveNumber, ReturnNumber: // decided by a Removal
	case StagePrison, AnnouncePrison, SwitchInbound, SwitchOutbound, SwitchLegacy: // decided by a SwitchOver
	}
	return Decision{}, Refusal{Code: CodeInvalid, Message: "no such command of a pair"}
}

// Facts returns the events of a decision with their ids and metadata. The first fact
// stores the command itself, so that a repeat can be decided again by a later build.
func (d Decision) Facts(s State, c Command, now time.Time, by Cause) []Fact {
	return d.FactsFrom(0, s, c, now, by)
}

// FactsFrom is Facts for a command that has appended facts to the stream before. first
// is their number, so that the event ids continue.
func (d Decision) FactsFrom(first int, s State, c Command, now time.Time, by Cause) []Fact {
	return d.factsIn(s.Pair.Stream(), first, c, now, by)
}

// factsIn builds the facts for a stream, which need not be the one of a pair.
func (d Decision) factsIn(stream string, first int, c Command, now time.Time, by Cause) []Fact {
	facts := make([]Fact, len(d.Events))
	for i, event := range d.Events {
		facts[i] = Fact{
			ID: EventID(by.CommandID, stream, first+i),
			Meta: Meta{
				Cause: by, Index: first + i, Count: first + len(d.Events),
				DecidedAt: now.UTC(), OccurredAt: d.OccurredAt.UTC(),
			},
			Event: event,
		}
		if i < len(d.Actors) && d.Actors[i] != "" {
			facts[i].Meta.Actor = d.Actors[i]
		}
	}
	if len(facts) > 0 {
		facts[0].Meta.Command = encodeCommand(c)
	}
	return facts
}
