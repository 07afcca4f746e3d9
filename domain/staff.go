package domain

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// decideOpen records a new non-association, unless the pair has one that is not
// closed.
func decideOpen(s State, c Open, now time.Time, by Cause) (Decision, error) {
	if open := s.NotClosed(Today(now)); open >= 0 {
		return Decision{}, Refusal{Code: CodeOpenExists,
			Message: "Non-association already exists for these prisoners that is open: " + s.Items[open].ID.String()}
	}
	id := nonAssociationID(by.CommandID, s.Pair, 0)
	sides := make(map[PrisonerNumber]Side, len(c.Roles))
	for _, n := range s.Pair.Numbers() {
		sides[n] = Side{Role: c.Roles[n], ReasonCode: ReasonCodeOf(c.Roles[n], c.Reason)}
	}
	return decided(id, now, Opened{
		NonAssociationID: id, PrisonerNumber: c.FirstPrisoner,
		Details: Details{
			AuthorisedBy: &by.Actor, Comment: &c.Comment, EffectiveDate: Local(now),
			Reason: c.Reason, Restriction: c.Restriction, Sides: sides, TypeCode: TypeCodeOf(c.Restriction),
		},
	}), nil
}

// decideAmend changes values. A closed record is refused, and nothing new is no
// event.
func decideAmend(s State, c Amend, now time.Time) (Decision, error) {
	n, err := s.findLive(c.ID, c.IfMatch)
	if err != nil {
		return Decision{}, err
	}
	if n.IsClosed(Today(now)) {
		return Decision{}, alreadyClosed(n)
	}
	changes := diff(s.Pair, n, n.amendedByStaff(s.Pair, c))
	if len(changes) == 0 {
		return decided(n.ID, now), nil
	}
	return decided(n.ID, now, Amended{NonAssociationID: n.ID, Changes: changes}), nil
}

// amendedByStaff applies an amendment in DPS words. A NOMIS code changes only when the
// new words map to another code than the old ones: BUL/VIC and TNA survive an amendment
// of something else.
func (n NonAssociation) amendedByStaff(pair Pair, c Amend) NonAssociation {
	before := n
	if c.Comment != nil {
		n.Comment = c.Comment
	}
	if c.Reason != nil {
		n.Reason = *c.Reason
	}
	if c.Restriction != nil && *c.Restriction != n.Restriction {
		n.Restriction, n.TypeCode = *c.Restriction, TypeCodeOf(*c.Restriction)
	}
	n.Sides = maps.Clone(n.Sides)
	for _, number := range pair.Numbers() {
		side := n.Sides[number]
		if role, given := c.Roles[number]; given {
			side.Role = role
		}
		code := ReasonCodeOf(side.Role, n.Reason)
		if code != ReasonCodeOf(before.Sides[number].Role, before.Reason) {
			side.ReasonCode = code
		}
		n.Sides[number] = side
	}
	return n
}

// decideClose closes a record. The time of the closing may be in the past, and not
// before the record began.
func decideClose(s State, c Close, now time.Time, by Cause) (Decision, error) {
	n, err := s.findLive(c.ID, c.IfMatch)
	if err != nil {
		return Decision{}, err
	}
	if n.IsClosed(Today(now)) {
		return Decision{}, alreadyClosed(n)
	}
	at, when := Local(now), now
	if c.ClosedAt != nil {
		at = *c.ClosedAt
		if when, err = staffTime(at, n.EffectiveDate, now); err != nil {
			return Decision{}, refusalOf("closedAt", err)
		}
	}
	return decidedAt(n.ID, when, now, Closed{
		NonAssociationID: n.ID, ClosedAt: at, ClosedBy: orElse(c.ClosedBy, by.Actor),
		ClosedReason: c.ClosedReason, ExpiryWas: n.ExpiryDate,
	}), nil
}

// decideReopen takes a closing back, unless the pair has another record that is not
// closed.
func decideReopen(s State, c Reopen, now time.Time, by Cause) (Decision, error) {
	n, err := s.findLive(c.ID, c.IfMatch)
	if err != nil {
		return Decision{}, err
	}
	if open := s.NotClosed(Today(now)); open >= 0 {
		return Decision{}, Refusal{Code: CodeAlreadyOpen,
			Message: "Non-association already open for these prisoners: " + s.Items[open].ID.String()}
	}
	at, when := Local(now), now
	if c.ReopenedAt != nil {
		at = *c.ReopenedAt
		if when, err = staffTime(at, "", now); err != nil {
			return Decision{}, refusalOf("reopenedAt", err)
		}
	}
	return decidedAt(n.ID, when, now, Reopened{
		NonAssociationID: n.ID, ReopenedAt: at, ReopenedBy: orElse(c.ReopenedBy, by.Actor),
		ReopenReason: c.ReopenReason, ExpiryWas: n.ExpiryDate,
	}), nil
}

// decideDelete hides a non-association. A second deletion by NOMIS is no event; for
// staff a deleted record does not exist.
func decideDelete(s State, c Delete, now time.Time, by Cause) (Decision, error) {
	i := s.Find(c.ID)
	if i < 0 || s.Items[i].Deleted && by.Source == DPS {
		return Decision{}, s.transferredOut(c.ID)
	}
	if s.Items[i].Deleted {
		return decided(c.ID, now), nil
	}
	if _, err := s.findLive(c.ID, c.IfMatch); err != nil {
		return Decision{}, err
	}
	return decided(c.ID, now, Deleted{
		NonAssociationID: c.ID, RequestedBy: orElse(c.RequestedBy, by.Actor), DeletionReason: c.DeletionReason,
	}), nil
}

// findLive finds one that is not deleted and that is still as the caller saw it;
// a caller who names no fact takes it as it is.
func (s State) findLive(id uuid.UUID, ifMatch FactsSeen) (NonAssociation, error) {
	i := s.Find(id)
	if i < 0 || s.Items[i].Deleted {
		return NonAssociation{}, s.transferredOut(id)
	}
	n := s.Items[i]
	if !ifMatch.allow(n.LastEventID) {
		return NonAssociation{}, Refusal{
			Code: CodeStale, Message: "Non-association " + id.String() + " was changed since it was read", Current: &n,
		}
	}
	return n, nil
}

// NotFound is the refusal of a command, or of a read, about a non-association that
// does not exist.
func NotFound(id uuid.UUID) Refusal {
	return Refusal{Code: CodeNotFound, Message: "There is no non-association with id " + id.String()}
}

// alreadyClosed refuses a change of a closed record.
func alreadyClosed(n NonAssociation) Refusal {
	return Refusal{Code: CodeAlreadyClosed, Message: "Non-association " + n.ID.String() + " is already closed"}
}

// decided is a decision about one record at the time now.
func decided(about uuid.UUID, now time.Time, events ...Event) Decision {
	return Decision{Events: events, Outcomes: []Outcome{{NonAssociationID: about}}, OccurredAt: now}
}

// decidedAt is decided for what was true at another time than now.
func decidedAt(about uuid.UUID, when, now time.Time, event Event) Decision {
	d := decided(about, now, event)
	d.OccurredAt = when
	return d
}

var (
	errInTheFuture = errors.New("must not be in the future")
	errTooEarly    = errors.New("must not be before the non-association began")
)

// staffTime returns the earliest moment that a wall-clock time can mean: not after now,
// and not before a beginning if there is one. A time in an hour that a change of the
// clocks repeats has two such moments.
func staffTime(at, begun LocalDateTime, now time.Time) (time.Time, error) {
	instants := at.Instants(now.Location())
	if len(instants) == 0 {
		return time.Time{}, ErrNoSuchHour
	}
	instants = slices.DeleteFunc(instants, func(t time.Time) bool { return t.After(now) })
	if len(instants) == 0 {
		return time.Time{}, errInTheFuture
	}
	for _, when := range instants {
		if !when.Before(earliest(begun, when)) {
			return when, nil
		}
	}
	return time.Time{}, errTooEarly
}

// earliest is the first moment that a beginning can mean. NOMIS's dates are
// taken as given: one in an hour that does not exist is compared as a text.
func earliest(begun LocalDateTime, against time.Time) time.Time {
	if instants := begun.Instants(against.Location()); len(instants) > 0 {
		return instants[0]
	}
	if Local(against) < begun {
		return against.Add(time.Second)
	}
	return against
}

// refusalOf refuses one field of a command.
func refusalOf(field string, err error) Refusal {
	return Refusal{Code: CodeInvalid, Field: field, Message: err.Error()}
}

// orElse returns the first text unless it is empty.
func orElse(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
