package api

import (
	"bytes"
	"time"

	"nonassociations/commands"
	"nonassociations/domain"
)

var (
	role        = word(domain.Roles())
	reason      = word(domain.Reasons())
	restriction = word(domain.Restrictions())
)

// momentIn parses a local time that exists in London. Staff state when they did
// something; the times of NOMIS are taken as given.
func momentIn(london *time.Location) func(string) (domain.LocalDateTime, error) {
	return func(s string) (domain.LocalDateTime, error) {
		at, err := domain.ParseLocalDateTime(s)
		if err == nil && len(at.Instants(london)) == 0 {
			err = domain.ErrNoSuchHour
		}
		return at, err
	}
}

// whole reads a body that is one object, and then calls needs to check for required
// fields.
func (d *decoder) whole(member func(name string) error, needs func()) error {
	found, err := d.object(member)
	switch {
	case err != nil:
		return err
	case found == absent:
		d.fault("must be an object")
	case found == whole:
		needs()
	}
	return d.end()
}

// given returns the value of an optional field, nil when it is absent.
func given[T any](f *field[T]) *T {
	if !f.given {
		return nil
	}
	return &f.value
}

// staffText are the fields that opening and amending have in common.
type staffText struct {
	firstRole, secondRole field[domain.Role]
	reason                field[domain.Reason]
	restriction           field[domain.Restriction]
	comment               field[string]
}

// member reads one of the shared fields, and skips any other.
func (w *staffText) member(d *decoder, name string) error {
	switch name {
	case "firstPrisonerRole":
		return text(d, &w.firstRole, role)
	case "secondPrisonerRole":
		return text(d, &w.secondRole, role)
	case "reason":
		return text(d, &w.reason, reason)
	case "restrictionType":
		return text(d, &w.restriction, restriction)
	case "comment":
		return text(d, &w.comment, prose)
	}
	return d.json.SkipValue()
}

// decodeOpen parses the body of POST /non-associations.
func decodeOpen(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var w staffText
	var first, second field[domain.PrisonerNumber]
	d := newDecoder(body)
	err := d.whole(func(name string) error {
		switch name {
		case "firstPrisonerNumber":
			return text(d, &first, domain.ParsePrisonerNumber)
		case "secondPrisonerNumber":
			return text(d, &second, domain.ParsePrisonerNumber)
		}
		return w.member(d, name)
	}, func() {
		need(d, first, "firstPrisonerNumber")
		need(d, w.firstRole, "firstPrisonerRole")
		need(d, second, "secondPrisonerNumber")
		need(d, w.secondRole, "secondPrisonerRole")
		need(d, w.reason, "reason")
		need(d, w.restriction, "restrictionType")
		need(d, w.comment, "comment")
	})
	pair, self := domain.NewPair(first.value, second.value)
	if first.given && second.given && self != nil {
		d.faultAt("/secondPrisonerNumber", self.Error())
	}
	act.Pair = pair
	act.Command = domain.Open{
		Comment: w.comment.value, FirstPrisoner: first.value, Reason: w.reason.value, Restriction: w.restriction.value,
		Roles: map[domain.PrisonerNumber]domain.Role{first.value: w.firstRole.value, second.value: w.secondRole.value},
	}
	return d.result(err)
}

// decodeAmend parses the body of PATCH: only the fields that are given change.
func decodeAmend(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var w staffText
	d := newDecoder(body)
	err := d.whole(func(name string) error { return w.member(d, name) }, func() {})
	act.Roles = [2]domain.Role{w.firstRole.value, w.secondRole.value}
	act.Command = domain.Amend{
		ID: act.ID, Comment: given(&w.comment), Reason: given(&w.reason), Restriction: given(&w.restriction),
	}
	return d.result(err)
}

// decodeClose parses the body of a closing.
func decodeClose(body *bytes.Buffer, london *time.Location, act *commands.StaffCommand) error {
	var why, who field[string]
	var when field[domain.LocalDateTime]
	d := newDecoder(body)
	err := d.whole(func(name string) error {
		switch name {
		case "closedReason":
			return text(d, &why, prose)
		case "closedAt":
			return text(d, &when, momentIn(london))
		case "closedBy":
			return text(d, &who, userName)
		}
		return d.json.SkipValue()
	}, func() { need(d, why, "closedReason") })
	act.Command = domain.Close{ID: act.ID, ClosedAt: given(&when), ClosedBy: who.value, ClosedReason: why.value}
	return d.result(err)
}

// decodeReopen parses the body of a reopening.
func decodeReopen(body *bytes.Buffer, london *time.Location, act *commands.StaffCommand) error {
	var why, who field[string]
	var when field[domain.LocalDateTime]
	d := newDecoder(body)
	err := d.whole(func(name string) error {
		switch name {
		case "reopenReason":
			return text(d, &why, prose)
		case "reopenedAt":
			return text(d, &when, momentIn(london))
		case "reopenedBy":
			return text(d, &who, userName)
		}
		return d.json.SkipValue()
	}, func() { need(d, why, "reopenReason") })
	act.Command = domain.Reopen{ID: act.ID, ReopenedAt: given(&when), ReopenedBy: who.value, ReopenReason: why.value}
	return d.result(err)
}

// decodeDelete parses the body of a deletion by staff.
func decodeDelete(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var why, who field[string]
	d := newDecoder(body)
	err := d.whole(func(name string) error {
		switch name {
		case "deletionReason":
			return text(d, &why, prose)
		case "staffUserNameRequestingDeletion":
			return text(d, &who, userName)
		}
		return d.json.SkipValue()
	}, func() {
		need(d, why, "deletionReason")
		need(d, who, "staffUserNameRequestingDeletion")
	})
	act.Command = domain.Delete{ID: act.ID, DeletionReason: why.value, RequestedBy: who.value}
	return d.result(err)
}
