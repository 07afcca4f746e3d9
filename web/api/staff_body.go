package api

import (
	"bytes"
	"time"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/strictjson"
)

// The parsers of the words of staff. Their error texts list the words, so they are
// built once.
var (
	role        = word(domain.Roles())
	reason      = word(domain.Reasons())
	restriction = word(domain.Restrictions())
)

// momentIn parses a local time that exists in London. Staff state when they did
// something; the times of NOMIS are taken as given.
func momentIn(london *time.Location) func(string) (domain.LocalDateTime, error) {
	return func(s string) (domain.LocalDateTime, error) {
		// When clocks go forward, the hour from 01:00 to 02:00 does not exist in
		// London, and no instant can be computed from such a time.
		at, err := domain.ParseLocalDateTime(s)
		if err == nil && len(at.Instants(london)) == 0 {
			err = domain.ErrNoSuchHour
		}
		return at, err
	}
}

// readObject reads a body that is one object and nothing else, and then calls needs to
// check for required fields.
func readObject(d *strictjson.Decoder, member func(name string) error, needs func()) error {
	if err := d.RequiredObject(member, needs); err != nil {
		return err
	}
	return d.End()
}

// staffText are the fields that opening and amending have in common.
type staffText struct {
	firstRole, secondRole strictjson.Field[domain.Role]
	reason                strictjson.Field[domain.Reason]
	restriction           strictjson.Field[domain.Restriction]
	comment               strictjson.Field[string]
}

// member reads one of the shared fields, and skips any other.
func (w *staffText) member(d *strictjson.Decoder, name string) error {
	switch name {
	case "firstPrisonerRole":
		return strictjson.Text(d, &w.firstRole, role)
	case "secondPrisonerRole":
		return strictjson.Text(d, &w.secondRole, role)
	case keyReason:
		return strictjson.Text(d, &w.reason, reason)
	case "restrictionType":
		return strictjson.Text(d, &w.restriction, restriction)
	case "comment":
		return strictjson.Text(d, &w.comment, prose)
	}
	return d.Skip()
}

// decodeOpen parses the body of POST /non-associations.
func decodeOpen(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var w staffText
	var first, second strictjson.Field[domain.PrisonerNumber]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "firstPrisonerNumber":
			return strictjson.Text(d, &first, domain.ParsePrisonerNumber)
		case "secondPrisonerNumber":
			return strictjson.Text(d, &second, domain.ParsePrisonerNumber)
		}
		return w.member(d, name)
	}, func() {
		strictjson.Need(d, first, "firstPrisonerNumber")
		strictjson.Need(d, w.firstRole, "firstPrisonerRole")
		strictjson.Need(d, second, "secondPrisonerNumber")
		strictjson.Need(d, w.secondRole, "secondPrisonerRole")
		strictjson.Need(d, w.reason, "reason")
		strictjson.Need(d, w.restriction, "restrictionType")
		strictjson.Need(d, w.comment, "comment")
	})
	// The pair is invalid too when one of the numbers is. That has a fault of its own
	// already, so the second fault is added only when both are good.
	pair, self := domain.NewPair(first.Value, second.Value)
	if first.Given && second.Given && self != nil {
		d.FaultAt("/secondPrisonerNumber", self.Error())
	}
	act.Pair = pair
	act.Command = domain.Open{
		Comment: w.comment.Value, FirstPrisoner: first.Value, Reason: w.reason.Value, Restriction: w.restriction.Value,
		Roles: map[domain.PrisonerNumber]domain.Role{first.Value: w.firstRole.Value, second.Value: w.secondRole.Value},
	}
	return d.Result(err)
}

// decodeAmend parses the body of PATCH: only the fields that are given change.
func decodeAmend(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var w staffText
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error { return w.member(d, name) }, func() {})
	// The caller names roles by first and second prisoner. Which prisoner is the first
	// is known only when the record is loaded, and the roles are resolved then.
	act.Roles = [2]domain.Role{w.firstRole.Value, w.secondRole.Value}
	act.Command = domain.Amend{
		ID: act.ID, Comment: w.comment.Optional(), Reason: w.reason.Optional(), Restriction: w.restriction.Optional(),
	}
	return d.Result(err)
}

// turn is what closing and reopening have in common: why, when and by whom.
type turn struct {
	why, by strictjson.Field[string]
	at      strictjson.Field[domain.LocalDateTime]
}

// decodeTurn parses a body whose fields have the given names. Only the reason is
// required: the record takes the rest from the request.
func decodeTurn(body *bytes.Buffer, london *time.Location, why, at, by string) (turn, error) {
	var t turn
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case why:
			return strictjson.Text(d, &t.why, prose)
		case at:
			return strictjson.Text(d, &t.at, momentIn(london))
		case by:
			return strictjson.Text(d, &t.by, userName)
		}
		return d.Skip()
	}, func() { strictjson.Need(d, t.why, why) })
	return t, d.Result(err)
}

// decodeClose parses the body of a closing.
func decodeClose(body *bytes.Buffer, london *time.Location, act *commands.StaffCommand) error {
	t, err := decodeTurn(body, london, "closedReason", "closedAt", "closedBy")
	act.Command = domain.Close{ID: act.ID, ClosedAt: t.at.Optional(), ClosedBy: t.by.Value, ClosedReason: t.why.Value}
	return err
}

// decodeReopen parses the body of a reopening.
func decodeReopen(body *bytes.Buffer, london *time.Location, act *commands.StaffCommand) error {
	t, err := decodeTurn(body, london, "reopenReason", "reopenedAt", "reopenedBy")
	act.Command = domain.Reopen{ID: act.ID, ReopenedAt: t.at.Optional(), ReopenedBy: t.by.Value, ReopenReason: t.why.Value}
	return err
}

// decodeDelete parses the body of a deletion by staff.
func decodeDelete(body *bytes.Buffer, _ *time.Location, act *commands.StaffCommand) error {
	var why, by strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "deletionReason":
			return strictjson.Text(d, &why, prose)
		case "staffUserNameRequestingDeletion":
			return strictjson.Text(d, &by, userName)
		}
		return d.Skip()
	}, func() {
		strictjson.Need(d, why, "deletionReason")
		strictjson.Need(d, by, "staffUserNameRequestingDeletion")
	})
	act.Command = domain.Delete{ID: act.ID, DeletionReason: why.Value, RequestedBy: by.Value}
	return d.Result(err)
}
