package screens

import (
	"strconv"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/screens/govuk"
)

// Record shows one non-association with everything known of it.
type Record struct {
	Key, Other person
	Involved   []involved // both of them, the key prisoner first
	Tags       []govuk.Tag
	Details    []govuk.SummaryRow
	NOMIS      []string // paragraphs of #nomis
	Buttons    []govuk.Button
	// NeedRole says to a user without the right to write where to get it.
	NeedRole     *govuk.Details
	Timeline     govuk.Timeline
	TimelineAway bool // the log does not answer
	Return       govuk.Link
}

// recordAsPage returns the page of a record.
func (s *Screens) recordAsPage(v *visit, of oneRecord, delivery nomis.Delivery, h happened) Record {
	n, today, london := of.NonAssociation, domain.Today(v.now), v.now.Location()
	p := Record{
		Key: of.key, Other: of.other, Involved: involvedIn(of.everybody, of.key, of.other), Tags: tags(tagsOf(n, today)), Details: of.details(today, london, h.by()),
		NOMIS: nomisLines(delivery, today, london), Buttons: of.buttons(v), TimelineAway: h.away,
		Timeline: timelineOf(h.entries, of.key.Number, of.everybody, london),
		Return: govuk.Link{
			Text: "Return to " + of.key.Possessive() + " non-associations", Href: listPath(of.key.Number, listKindOf(of.closed(today))),
		},
	}
	if !of.closed(today) && !v.staffOf().HasRolesFor(domain.ActUpdate) {
		p.NeedRole = needRole("Need to update non-associations?")
	}
	return p
}

// needRole says where a user without the right to write gets it.
func needRole(summary string) *govuk.Details {
	return &govuk.Details{
		Summary: summary,
		Text:    "Ask your local system administrator (LSA) to add the ‘Non-associations’ role to your account.",
	}
}

// listKindOf returns the list that a record is on.
func listKindOf(closed bool) listKind {
	if closed {
		return closedKind
	}
	return openKind
}

// details returns the rows of a record that have a value, but for that of NOMIS.
func (r oneRecord) details(today string, london *time.Location, addedBy string) []govuk.SummaryRow {
	n := r.NonAssociation
	var rows []govuk.SummaryRow
	add := func(key, text string, lines bool) {
		if text != "" {
			rows = append(rows, govuk.SummaryRow{Key: key, Text: text, Lines: lines})
		}
	}
	closed, pending := n.IsClosed(today), isPending(n, today)
	added := longDate(n.EffectiveDate)
	if pending {
		added = govuk.Date(n.OpenedAt.In(london))
	}
	add(headReason, word(domain.Reasons(), n.Reason), false)
	add(r.key.Possessive()+" role", word(domain.Roles(), n.Sides[r.key.Number].Role), false)
	add(r.other.Possessive()+" role", word(domain.Roles(), n.Sides[r.other.Number].Role), false)
	add(headApart, restriction(n.Restriction, n.TypeCode), false)
	add(headComments, textOf(n.Comment), true)
	if authorised := textOf(n.AuthorisedBy); authorised != addedBy {
		add("Authorised by", authorised, false)
	}
	add("Added", doneBy(added, addedBy), false)
	add("Last updated", doneBy(govuk.Date(n.UpdatedAt.In(london)), n.UpdatedBy), false)
	if pending {
		add("Starts", longDate(n.EffectiveDate), false)
	}
	switch {
	case closed:
		add(wordClosed, doneBy(longDate(*n.ExpiryDate), n.ClosedBy), false)
		add("Closing comments", n.ClosedReason, true)
	case n.ExpiryDate != nil:
		add("Ends", longDate(*n.ExpiryDate), false)
	}
	return rows
}

// textOf returns a text that may not be there.
func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// doneBy returns when something was done, and by whom where that is known.
func doneBy(date, user string) string {
	if user == "" {
		return date
	}
	return date + " by " + user
}

// nomisLines say where a record stands with NOMIS.
func nomisLines(d nomis.Delivery, today string, london *time.Location) []string {
	lines := []string{stateLine(d, today, london)}
	if d.Problem != nil {
		lines = append(lines, "Needs a decision")
	}
	for _, sequence := range d.AlsoOpen {
		lines = append(lines, "NOMIS also holds open: sequence "+strconv.Itoa(sequence))
	}
	return lines
}

// stateLine is the first of them. A record that is held without a day waits for NOMIS's
// own day to begin, which is today's.
func stateLine(d nomis.Delivery, today string, london *time.Location) string {
	switch d.State {
	case nomis.Held:
		until := today
		if d.Until != nil {
			until = *d.Until
		}
		return "Held until " + longDay(until)
	case nomis.Pending:
		return "Not in NOMIS yet" + timeIn(" (since ", d.Since, london, ")")
	case nomis.NotInNOMIS:
		return "Not in NOMIS"
	default:
		return "NOMIS shows this" + timeIn(" since ", d.DeliveredAt, london, "")
	}
}

// timeIn returns a time between two texts, and nothing when it is not known.
func timeIn(before string, at *time.Time, london *time.Location, after string) string {
	if at == nil {
		return ""
	}
	return before + govuk.DateTime(at.In(london)) + after
}

// buttons lead to the forms that the user may open for the record as it is.
func (r oneRecord) buttons(v *visit) []govuk.Button {
	closed := r.closed(domain.Today(v.now))
	var buttons []govuk.Button
	for _, to := range []struct {
		act        domain.Act
		text, path string
		kind       govuk.ButtonKind
	}{
		{domain.ActUpdate, "Update", "update", govuk.Secondary},
		{domain.ActClose, "Close", "close", govuk.Warns},
		{domain.ActReopen, "Reopen", "reopen", govuk.Secondary},
		{domain.ActDelete, "Delete", "delete", govuk.Warns},
	} {
		if to.act.Fits(closed) && v.offers(to.act, r.everybody, r.key, r.other) {
			buttons = append(buttons, govuk.Button{
				Text: to.text, Kind: to.kind, Href: recordPath(r.key.Number, r.NonAssociation.ID) + "/" + to.path,
			})
		}
	}
	return buttons
}
