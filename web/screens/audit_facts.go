package screens

import (
	"context"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/queries"
	"nonassociations/web/screens/govuk"
)

// auditFacts shows the facts of the log. The read model knows where they are; each line is
// read from the log. The form alone stands until something is asked.
func (s *Screens) auditFacts(ctx context.Context, v *visit) (answer, error) {
	q := readAuditQuestion("facts", v.request.URL.Query(), fieldPrisoner, fieldUser, fieldFrom, fieldTo, fieldSource)
	if !q.isAsked() || len(q.errors) > 0 {
		return auditAnswer(factsPath, q), nil
	}
	places, err := s.factPlaces(ctx, q)
	if errors.Is(err, queries.ErrFactsRange) {
		q.refuse(fieldPrisoner, "Enter a prison number, or two dates at most 31 days apart")
		return auditAnswer(factsPath, q), nil
	}
	out := auditAnswer(factsPath, q)
	if err != nil {
		return out, err
	}
	positions := make([]audit.Position, len(places.Places))
	for i, place := range places.Places {
		positions[i] = audit.Position(place)
	}
	facts, err := s.audit.FactsAt(ctx, positions)
	if err != nil {
		return out, err
	}
	older := ""
	if places.More {
		older = factPlaceText(places.Places[len(places.Places)-1])
	}
	out.position = places.Position
	return out.withRows(v.request.URL, factsTable(facts, v.now.Location()), older), nil
}

// factPlaces finds where the facts are. The read model first reaches the head of the log,
// because one that is behind would silently omit some.
func (s *Screens) factPlaces(ctx context.Context, q auditQuestion) (queries.FactPlaces, error) {
	head, err := s.reachHead(ctx)
	if err != nil {
		return queries.FactPlaces{}, err
	}
	return s.reads.Facts(ctx, queries.FactsRequest{
		Prisoner: q.prisoner, From: q.from, To: q.to, User: q.user, Source: q.source, Before: factPlaceIn(q.query), Size: auditPageSize, AtLeast: head,
	})
}

// factPlaceText returns a place as an address has it.
func factPlaceText(place queries.FactPlace) string {
	return strconv.FormatUint(place.Commit, 10) + "-" + strconv.FormatUint(place.Prepare, 10)
}

// factPlaceIn reads the place of an address; nil when it is missing or malformed: the page
// then begins with the newest.
func factPlaceIn(query url.Values) *queries.FactPlace {
	first, second, _ := strings.Cut(one(query, beforeField), "-")
	commit, errCommit := strconv.ParseUint(first, 10, 64)
	prepare, errPrepare := strconv.ParseUint(second, 10, 64)
	if errCommit != nil || errPrepare != nil || max(commit, prepare) > math.MaxInt64 {
		return nil
	}
	return &queries.FactPlace{Commit: commit, Prepare: prepare}
}

// factsTable returns the table of facts.
func factsTable(facts []audit.TimelineEntry, london *time.Location) *govuk.Table {
	table := &govuk.Table{
		ID: "facts", Caption: "Facts, newest first", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{
			{Text: "Recorded"}, {Text: "What"}, {Text: "Prison numbers"}, {Text: "User"}, {Text: "Source"}, {Text: "What it says"}, {Text: "Event"},
		},
	}
	for _, fact := range facts {
		table.Rows = append(table.Rows, factRow(fact, london))
	}
	return table
}

// factRow returns the line of one fact.
func factRow(e audit.TimelineEntry, london *time.Location) govuk.Row {
	fact := e.Fact
	source := govuk.Cell{Text: string(fact.Meta.Source)}
	if tag, known := sourceTags[fact.Meta.Source]; known {
		source = govuk.Cell{Tags: []govuk.Tag{tag}}
	}
	position := ""
	if at := e.Position(); at != nil {
		position = positionText(*at)
	}
	says := govuk.Cell{Text: orText(strings.Join(factLines(e, london), "\n"), "–"), Lines: true}
	if id := fact.Event.About(); id != uuid.Nil { // a pair may have several records
		says.Below = "Record " + id.String()
	}
	return govuk.Row{EventID: fact.ID.String(), Cells: []govuk.Cell{
		{Text: toTheSecond(fact.RecordedAt, london), Below: position},
		{Text: factTitle(e)},
		{Text: orText(numbersText(e.PrisonerNumbers()), "–")},
		{Text: orText(fact.Meta.Actor, "–")},
		source,
		says,
		{Text: fact.Type, Below: fact.ID.String()},
	}}
}
