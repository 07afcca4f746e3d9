package screens

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// actTitles are the headings of the timeline.
var actTitles = map[audit.Act]string{
	audit.Added: "Added", audit.Migrated: "Migrated", audit.Updated: "Updated", audit.Closed: wordClosed, audit.Reopened: "Reopened",
	audit.Deleted: "Deleted", audit.Renumbered: "Prisoner number changed", audit.Restored: "Restored", audit.NotTakenOver: "Not taken over",
	audit.NumbersMerged: "Prisoner numbers merged", audit.MergeReversed: "Merge taken back",
}

// sourceTags say where a fact came from.
var sourceTags = map[domain.Source]govuk.Tag{
	domain.DPS: {Text: "DPS", Colour: "blue"}, domain.NOMIS: {Text: "NOMIS", Colour: "purple"},
	domain.Migration: {Text: "Migration", Colour: "grey"}, domain.Merge: {Text: "Merge", Colour: "orange"},
}

// notTakenOver says why an item of NOMIS was not recorded.
var notTakenOver = map[domain.IgnoreReason]string{
	domain.NotLatest:        "Not taken over because NOMIS told a later one at the same time.",
	domain.AnotherNotClosed: "Not taken over because another one counted.",
	domain.NamesDeleted:     "Not taken over because it was deleted here.",
	domain.Switched:         "Not taken over because changes are made in this service now.",
}

// timelineOf returns the entries as a page shows them. key is the prisoner of the page.
func timelineOf(entries []audit.TimelineEntry, key domain.PrisonerNumber, everybody people, london *time.Location) govuk.Timeline {
	timeline := govuk.Timeline{ID: "timeline"}
	for _, e := range entries {
		timeline.Items = append(timeline.Items, itemOf(e, key, everybody, london))
	}
	return timeline
}

// itemOf returns one entry. On the history page, where it names the other prisoner, it
// also leads to its record.
func itemOf(e audit.TimelineEntry, key domain.PrisonerNumber, everybody people, london *time.Location) govuk.TimelineItem {
	fact := e.Fact
	at := fact.Meta.OccurredAt.In(london)
	item := govuk.TimelineItem{
		EventID: fact.ID.String(), Title: actTitles[e.Act], By: fact.Meta.Actor, When: govuk.DateTime(at), ISO: at.Format(time.RFC3339),
		Lines: linesOf(e, everybody, london), Changes: changesOf(e, everybody), About: aboutEntry(e),
	}
	if tag, known := sourceTags[fact.Meta.Source]; known {
		item.Tag = &tag
	}
	if id := fact.Event.About(); e.Other != "" && id != uuid.Nil && !e.Gone {
		item.Link = &govuk.Link{
			Text: viewDetails, Hidden: "of " + withNumber(everybody.of(e.Other)) + ", " + govuk.ShortDate(at), Href: recordPath(key, id),
		}
	}
	return item
}

// linesOf returns what an entry says beside the values that it changed.
func linesOf(e audit.TimelineEntry, everybody people, london *time.Location) []string {
	var lines []string
	if e.Other != "" {
		lines = append(lines, "with "+withNumber(everybody.of(e.Other)))
	}
	if e.RecordedApart() {
		lines = append(lines, "Recorded "+govuk.DateTime(e.Fact.RecordedAt.In(london)))
	}
	lines = append(lines, renumberedLines(e)...)
	lines = append(lines, reasonLines(e)...)
	if e.RequestedBy != "" {
		lines = append(lines, "Asked for by "+e.RequestedBy)
	}
	if !e.ToldBefore.IsZero() {
		lines = append(lines, "NOMIS told this earlier, on "+govuk.DateTime(e.ToldBefore.In(london))+". It was not taken over while another one counted.")
	}
	if !e.InNOMISSince.IsZero() {
		lines = append(lines, "NOMIS shows this since "+govuk.DateTime(e.InNOMISSince.In(london)))
	}
	return lines
}

// renumberedLines say which number became which.
func renumberedLines(e audit.TimelineEntry) []string {
	switch event := e.Fact.Event.(type) {
	case domain.TransferredIn:
		return []string{string(event.Previous) + " is now " + string(event.Number) + "."}
	case domain.PrisonerMerged:
		return []string{string(event.Previous) + " is now " + string(event.Number) + "."}
	case domain.PrisonerUnmerged:
		return []string{string(event.Previous) + " is no longer " + string(event.Number) + "."}
	default:
		return nil
	}
}

// reasonLines give the reason of an entry, and what was not taken over.
func reasonLines(e audit.TimelineEntry) []string {
	if ignored, is := e.Fact.Event.(domain.Ignored); is {
		return append([]string{orText(notTakenOver[ignored.Reason], string(ignored.Reason))}, toldLines(ignored.Item)...)
	}
	switch e.Reason {
	case "":
		return nil
	case domain.ByMerge:
		return []string{"Two prisoner numbers were merged."}
	}
	return []string{e.Reason}
}

// toldLines say what NOMIS told.
func toldLines(item *domain.Item) []string {
	if item == nil {
		return []string{"NOMIS told that it was deleted."}
	}
	lines := []string{"NOMIS told: " + word(domain.TypeCodes(), item.TypeCode) + ", from " + longDate(item.EffectiveDate)}
	if item.ExpiryDate != nil {
		lines[0] += " until " + longDate(*item.ExpiryDate)
	}
	if item.Comment != nil {
		lines = append(lines, *item.Comment)
	}
	return lines
}

// aboutEntry has what finds a fact in the log again.
func aboutEntry(e audit.TimelineEntry) *govuk.Details {
	position := "Not known"
	if at := e.Position(); at != nil {
		position = strconv.FormatUint(*at, 10)
	}
	return &govuk.Details{
		Summary: "About this entry",
		Text:    "Event " + e.Fact.ID.String() + ", revision " + strconv.FormatUint(e.Fact.Revision, 10) + ", position " + position,
	}
}

// noValue stands for a value that there is not.
const noValue = "none"

// changesOf returns the values that an entry changed. Restriction and type of NOMIS are
// one value to staff as long as that says both.
func changesOf(e audit.TimelineEntry, everybody people) []govuk.TimelineChange {
	var changes []govuk.TimelineChange
	apart := placesApart(e)
	for _, c := range e.Changes {
		if c.Field == domain.FieldRestriction || c.Field == domain.FieldTypeCode && apart != nil {
			continue
		}
		changes = append(changes, govuk.TimelineChange{
			Field: fieldName(e, c, everybody), Was: valueText(c.Field, c.Was), Now: valueText(c.Field, c.Now),
		})
	}
	if apart != nil {
		changes = append(changes, *apart)
	}
	return changes
}

// placesApart returns the change of where to keep the two apart; nil when that reads as
// before.
func placesApart(e audit.TimelineEntry) *govuk.TimelineChange {
	if e.Before == nil || e.After == nil || len(e.Changes) == 0 {
		return nil
	}
	was, now := e.Before.NonAssociation, e.After.NonAssociation
	change := govuk.TimelineChange{
		Field: headApart, Was: restriction(was.Restriction, was.TypeCode), Now: restriction(now.Restriction, now.TypeCode),
	}
	if change.Was == change.Now {
		return nil
	}
	return &change
}

// fieldName returns the name of a changed field: that of its row on the record's page,
// where there is one.
func fieldName(e audit.TimelineEntry, c domain.Change, everybody people) string {
	switch c.Field {
	case domain.FieldRole:
		return everybody.of(c.PrisonerNumber).Possessive() + " role"
	case domain.FieldReasonCode:
		return everybody.of(c.PrisonerNumber).Possessive() + " reason in NOMIS"
	case domain.FieldExpiryDate:
		if e.Act == audit.Closed || e.Act == audit.Reopened {
			return wordClosed
		}
		return "Ends"
	default:
		return orText(fieldNames[c.Field], string(c.Field))
	}
}

// fieldNames are the names of the fields that have one name.
var fieldNames = map[domain.Field]string{
	domain.FieldAuthorisedBy: "Authorised by", domain.FieldComment: headComments, domain.FieldEffectiveDate: "Starts",
	domain.FieldReason: headReason, domain.FieldTypeCode: "NOMIS type", domain.FieldTypeSequence: "NOMIS sequence",
}

// valueText returns a value in the words of the pages.
func valueText(field domain.Field, value *string) string {
	if value == nil || *value == "" {
		return noValue
	}
	switch field {
	case domain.FieldRole:
		return word(domain.Roles(), domain.Role(*value))
	case domain.FieldReason:
		return word(domain.Reasons(), domain.Reason(*value))
	case domain.FieldReasonCode:
		return word(domain.ReasonCodes(), domain.ReasonCode(*value))
	case domain.FieldTypeCode:
		return word(domain.TypeCodes(), domain.TypeCode(*value))
	case domain.FieldEffectiveDate, domain.FieldExpiryDate:
		return longTime(domain.LocalDateTime(*value))
	default:
		return *value
	}
}

// longDate returns the day of a local time, "26 July 2023".
func longDate(at domain.LocalDateTime) string { return longDay(isoDay(at)) }

// longTime returns a local time, "26 July 2023 at 14:05", and of midnight the day alone.
func longTime(at domain.LocalDateTime) string {
	if parsed, err := time.Parse("2006-01-02T15:04:05", string(at)); err == nil && !at.IsMidnight() {
		return govuk.DateTime(parsed)
	}
	return longDate(at)
}

// recordPath returns the address of a record, seen from a prisoner.
func recordPath(number domain.PrisonerNumber, id uuid.UUID) string {
	return listPath(number, openKind) + "/" + id.String()
}
