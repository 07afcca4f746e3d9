package screens

import (
	"context"
	"time"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/web/screens/govuk"
)

// Actions are what operators did. Implementations are safe for concurrent use.
type Actions interface {
	// Actions reads acts, newest first. more reports whether older ones match as well.
	Actions(ctx context.Context, f evidence.Filter) (all []evidence.Action, more bool, err error)
}

// auditActions shows what operators did. Without a question it shows the newest acts.
func (s *Screens) auditActions(ctx context.Context, v *visit) (answer, error) {
	q, london := readAuditQuestion("actions", v.request.URL.Query(), fieldUser, fieldFrom, fieldTo), v.now.Location()
	out := auditAnswer(actionsPath, q)
	if len(q.errors) > 0 {
		return out, nil
	}
	filter := evidence.Filter{User: q.user, Size: auditPageSize}
	filter.From, filter.To = q.period(london)
	if after := placeIn(q.query); after != (timePlace{}) {
		filter.Before = &evidence.Action{At: after.at, ID: after.id}
	}
	found, more, err := s.actions.Actions(ctx, filter)
	if err != nil {
		return out, unavailable(err)
	}
	older := ""
	if more {
		last := found[len(found)-1]
		older = timePlace{last.At, last.ID}.String()
	}
	return out.withRows(v.request.URL, actionsTable(found, london), older), nil
}

// outcomes are the words for how an act ended.
var outcomes = map[evidence.Outcome]string{evidence.Done: "Done", evidence.Refused: "Refused", evidence.Failed: "Failed"}

// actionsTable returns the table of acts.
func actionsTable(actions []evidence.Action, london *time.Location) *govuk.Table {
	table := &govuk.Table{
		ID: "actions", Caption: "Acts, newest first", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{
			{Text: "Time"}, {Text: "User"}, {Text: "What"}, {Text: "Of what"}, {Text: "Reason"}, {Text: "Outcome"}, {Text: "Request"},
		},
	}
	for _, a := range actions {
		table.Rows = append(table.Rows, govuk.Row{ID: a.ID.String(), Cells: []govuk.Cell{
			{Text: toTheSecond(a.At, london)},
			{Text: a.User},
			{Text: a.Action},
			{Text: orText(a.Object, "–"), Lines: true},
			{Text: orText(a.Reason, "–"), Lines: true},
			{Text: orText(outcomes[a.Outcome], string(a.Outcome)), Below: a.Done},
			{Text: orText(a.RequestID, "Command line")},
		}})
	}
	return table
}
