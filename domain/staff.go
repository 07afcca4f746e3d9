package domain

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// decideOpen refuses a pair that has a record which is not closed.
func decideOpen(s State, c Open, now time.Time, by Cause) (Decision, error) {
	if open := s.NotClosed(Today(now)); open >= 0 {
		return Decision{}, Refusal{
			Code:    CodeOpenExists,
			Message: "Non-association already exists for these prisoners that is open: " + s.Items[open].ID.String(),
			Current: new(s.Items[open]),
		}
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

// decideAmend refuses a closed record. An amendment without a difference gives no
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

// amendedByStaff applies an amendment. A code of NOMIS changes only when the values of
// staff now translate to another code than before. BUL/VIC and TNA therefore survive an
// amendment of something else.
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

// decideClose refuses a closed record, and a closing time that is in the future or
// before the beginning.
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

func decideReopen(s State, c Reopen, now time.Time, by Cause) (Decision, error) {
	n, err := s.findLive(c.ID, c.IfMatch)
	if err != nil {
		return Decision{}, err
	}
	if open := s.NotClosed(Today(now)); open >= 0 {
		return Decision{}, Refusal{
			Code:    CodeAlreadyOpen,
			Message: "Non-association already open for these prisoners: " + s.Items[open].ID.String(),
			Current: new(s.Items[open]),
		}
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

// decideDelete hides a non-association. NOMIS may delete the same record twice. For
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
	if c.Switched {
		return s.ignoreDeletion(c.ID, now), nil
	}
	return decided(c.ID, now, Deleted{
		NonAssociationID: c.ID, RequestedBy: orElse(c.RequestedBy, by.Actor), DeletionReason: c.DeletionReason,
	}), nil
}

// findLive returns a record that is not deleted and that has not changed since the
// caller saw it. Errors: [Moved], the refusal of NotFound, and a refusal with CodeStale
// that has the current record.
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

// NotFound returns the refusal of a command or a read about a non-association that does
// not exist. It is the only text for this.
func NotFound(id uuid.UUID) Refusal {
	return Refusal{Code: CodeNotFound, Message: "There is no non-association with id " + id.String()}
}

func alreadyClosed(n NonAssociation) Refusal {
	return Refusal{Code: CodeAlreadyClosed, Message: "Non-association " + n.ID.String() + " is already closed"}
}

// decided returns a decision about one record that occurred now.
func decided(about uuid.UUID, now time.Time, events ...Event) Decision {
	return Decision{Events: events, Outcomes: []Outcome{{NonAssociationID: about}}, OccurredAt: now}
}

// decidedAt returns a decision about one record that occurred at another time than now.
func decidedAt(about uuid.UUID, when, now time.Time, event Event) Decision {
	d := decided(about, now, event)
	d.OccurredAt = when
	return d
}

var (
	errInTheFuture = errors.New("must not be in the future")
	errTooEarly    = errors.New("must not be before the non-association began")
)

// staffTime returns the earliest moment that a wall-clock time of staff can mean, not
// after now and not before the beginning of the record. In the hour that a clock change
// repeats there are two moments to choose from. Errors: ErrNoSuchHour, errInTheFuture
// and errTooEarly.
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

// earliest returns the first moment that the beginning of a record can mean. The dates
// of NOMIS are not checked, so one may be in an hour that does not exist. Such a date
// is compared as text.
func earliest(begun LocalDateTime, against time.Time) time.Time {
	if instants := begun.Instants(against.Location()); len(instants) > 0 {
		return instants[0]
	}
	if Local(against) < begun {
		return against.Add(time.Second)
	}
	return against
}

// refusalOf returns the refusal of one field of a command.
func refusalOf(field string, err error) Refusal {
	return Refusal{Code: CodeInvalid, Field: field, Message: err.Error()}
}

// orElse returns the given text, or the other one when it is empty.
func orElse(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
