package screens

import (
	"fmt"
	"reflect"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
)

// factTitle returns what a fact did: the heading of the timeline where it has one.
func factTitle(e audit.TimelineEntry) string {
	if title := actTitles[e.Act]; title != "" {
		return title
	}
	switch e.Fact.Event.(type) {
	case domain.Delivered:
		return "Brought to NOMIS"
	case domain.SequenceLearned:
		return "NOMIS sequence learned"
	case domain.SequenceReleased:
		return "NOMIS sequence released"
	case domain.TransferredOut:
		return "Moved to another number"
	default:
		return orText(switchOverTitles[reflect.TypeOf(e.Fact.Event).Name()], "Switch-over")
	}
}

// switchOverTitles are the headings of the switch-over, by the type of the event.
var switchOverTitles = map[string]string{
	"PrisonStaged": "Stage of a prison changed", "PrisonAnnounced": "Switch-over announced", "InboundEnded": "Inbound ended",
	"InboundResumed": "Inbound resumed", "OutboundEnded": "Outbound ended", "OutboundResumed": "Outbound resumed",
	"LegacyEnded": "Legacy list ended", "LegacyResumed": "Legacy list resumed",
}

// factLines say what a fact says, a line each.
func factLines(e audit.TimelineEntry, london *time.Location) []string {
	var lines []string
	if e.RecordedApart() {
		lines = append(lines, "True at "+toTheSecond(e.Fact.Meta.OccurredAt, london))
	}
	lines = append(lines, beginningLines(e)...)
	for _, c := range changesOf(e, people{}) {
		lines = append(lines, fmt.Sprintf("%s: was %s, now %s", c.Field, c.Was, c.Now))
	}
	lines = append(append(lines, renumberedLines(e)...), reasonLines(e)...)
	if e.RequestedBy != "" {
		lines = append(lines, "Asked for by "+e.RequestedBy)
	}
	return append(append(lines, heldLines(e)...), switchOverLines(e, london)...)
}

// heldLines say what NOMIS holds of a record from a fact on.
func heldLines(e audit.TimelineEntry) []string {
	switch event := e.Fact.Event.(type) {
	case domain.Delivered:
		held := fmt.Sprintf("NOMIS holds as sequence %d, as of revision %d", event.TypeSequence, event.Revision)
		if e.After == nil {
			return []string{held}
		}
		return []string{held + ": " + detailWords(e.After.Pair, event.Detail, event.Held)}
	case domain.SequenceReleased:
		return []string{fmt.Sprintf("Sequence %d", event.TypeSequence)}
	default:
		return nil
	}
}

// beginningLines say what a record was when it began.
func beginningLines(e audit.TimelineEntry) []string {
	if e.Act != audit.Added && e.Act != audit.Migrated || e.After == nil {
		return nil
	}
	n := e.After.NonAssociation
	lines := []string{
		"Reason: " + word(domain.Reasons(), n.Reason), "Where to keep apart: " + restriction(n.Restriction, n.TypeCode), "Starts: " + longTime(n.EffectiveDate),
	}
	for _, number := range e.After.Pair.Numbers() {
		lines = append(lines, string(number)+"’s role: "+word(domain.Roles(), n.Sides[number].Role))
	}
	if n.ExpiryDate != nil {
		lines = append(lines, "Ends: "+longTime(*n.ExpiryDate))
	}
	if n.Comment != nil {
		lines = append(lines, "Comments: "+*n.Comment)
	}
	return lines
}

// switchOverLines say what a fact of the switch-over is about, beside its reason.
func switchOverLines(e audit.TimelineEntry, london *time.Location) []string {
	switch event := e.Fact.Event.(type) {
	case domain.PrisonStaged:
		return []string{fmt.Sprintf("%s: was %s, now %s", event.PrisonID, event.From, event.To)}
	case domain.PrisonAnnounced:
		if event.Text == "" {
			return []string{string(event.PrisonID) + ": taken back"}
		}
		return []string{fmt.Sprintf("%s: from %s", event.PrisonID, longDay(event.From)), event.Text}
	case domain.LegacyEnded:
		if event.Until != nil {
			return []string{"Until " + toTheSecond(*event.Until, london)}
		}
	default:
	}
	return nil
}
