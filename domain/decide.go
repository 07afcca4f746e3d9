package domain

import (
	"time"

	"github.com/google/uuid"
)

// Command is something that somebody asks of one pair.
//
//sumtype:decl
type Command interface{ command() }

// Sync is NOMIS telling of a pair's non-associations, by sync or migration. An
// item that is absent says nothing.
type Sync struct {
	About PrisonerNumber `json:"about"` // the prisoner whom the request was about; named first in what is new
	Items []Item         `json:"items"`
}

// Open asks staff's way for a new non-association.
type Open struct {
	Comment       string                  `json:"comment"`
	FirstPrisoner PrisonerNumber          `json:"namedFirst"`
	Reason        Reason                  `json:"reason"`
	Restriction   Restriction             `json:"restriction"`
	Roles         map[PrisonerNumber]Role `json:"roles"` // one entry a side
}

// Amend changes what is given and leaves the rest.
type Amend struct {
	Comment     *string                 `json:"comment,omitempty"`
	ID          uuid.UUID               `json:"id"`
	IfMatch     FactsSeen               `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	Reason      *Reason                 `json:"reason,omitempty"`
	Restriction *Restriction            `json:"restriction,omitempty"`
	Roles       map[PrisonerNumber]Role `json:"roles,omitempty"`
}

// Close ends a non-association; without ClosedAt now, without ClosedBy by the
// actor.
type Close struct {
	ClosedAt     *LocalDateTime `json:"closedAt,omitempty"`
	ClosedBy     string         `json:"closedBy,omitempty"`
	ClosedReason string         `json:"closedReason"`
	ID           uuid.UUID      `json:"id"`
	IfMatch      FactsSeen      `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
}

// Reopen takes a closing back; without ReopenedAt now, without ReopenedBy by
// the actor.
type Reopen struct {
	ID           uuid.UUID      `json:"id"`
	IfMatch      FactsSeen      `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	ReopenReason string         `json:"reopenReason"`
	ReopenedAt   *LocalDateTime `json:"reopenedAt,omitempty"`
	ReopenedBy   string         `json:"reopenedBy,omitempty"`
}

// Delete hides a non-association; without RequestedBy the actor asked for it.
type Delete struct {
	DeletionReason string    `json:"deletionReason,omitempty"`
	ID             uuid.UUID `json:"id"`
	IfMatch        FactsSeen `json:"ifMatch,omitzero"` // one of them is the last fact that the caller saw
	RequestedBy    string    `json:"requestedBy,omitempty"`
}

func (Sync) command()   {}
func (Open) command()   {}
func (Amend) command()  {}
func (Close) command()  {}
func (Reopen) command() {}
func (Delete) command() {}

// OutcomeKind says what became of an item that NOMIS told of.
type OutcomeKind string

// The kinds of outcome.
const (
	Created    OutcomeKind = "CREATED"
	Changed    OutcomeKind = "AMENDED"
	Unchanged  OutcomeKind = "UNCHANGED"
	WasIgnored OutcomeKind = "IGNORED"
)

// Outcome is the answer to one item of a [Tell].
type Outcome struct {
	Kind             OutcomeKind
	NonAssociationID uuid.UUID
	Reason           IgnoreReason // of an ignored one
}

// Decision is what a command comes to: events to append, none when there is
// nothing new. Outcomes has one entry for each item of a [Tell], in its order;
// for every other command one, the non-association that it was about.
type Decision struct {
	Events     []Event
	Outcomes   []Outcome
	OccurredAt time.Time // when it was true: the time that staff gave, else now
}

// Decide is the rules. now is the moment of the decision, read in Europe/London.
// The error, if any, is a [Refusal], or [Moved] when the record has left.
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
	case RemoveNumber, ReturnNumber: // decided by a Removal
	}
	return Decision{}, Refusal{Code: CodeInvalid, Message: "no such command of a pair"}
}

// Facts gives the events of a decision their ids and metadata. The first keeps
// the command itself, so that a later build can decide it again.
func (d Decision) Facts(s State, c Command, now time.Time, by Cause) []Fact {
	return d.FactsFrom(0, s, c, now, by)
}

// FactsFrom is Facts for a command that has left facts in the stream before:
// first is their number.
func (d Decision) FactsFrom(first int, s State, c Command, now time.Time, by Cause) []Fact {
	return d.factsIn(s.Pair.Stream(), first, c, now, by)
}

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
	}
	if len(facts) > 0 {
		facts[0].Meta.Command = encodeCommand(c)
	}
	return facts
}
