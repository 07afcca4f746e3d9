package screens

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// viewsQuestion reads the form of the views.
func viewsQuestion(v *visit) auditQuestion {
	return readAuditQuestion("views", v.request.URL.Query(), fieldPrisoner, fieldUser, fieldFrom, fieldTo)
}

// viewFilter returns the views that a question is about.
func (q auditQuestion) viewFilter(london *time.Location) store.ViewFilter {
	f := store.ViewFilter{Prisoner: q.prisoner, UserName: q.user}
	f.From, f.To = q.period(london)
	return f
}

// auditViews shows who looked at whom. Without a question it shows the newest views.
func (s *Screens) auditViews(ctx context.Context, v *visit) (answer, error) {
	q, london := viewsQuestion(v), v.now.Location()
	out := auditAnswer(viewsPath, q)
	if len(q.errors) > 0 {
		return out, nil
	}
	after := placeIn(q.query)
	found, err := s.views.Views(ctx, q.viewFilter(london), store.Cursor{At: after.at, ID: after.id}, auditPageSize+1)
	if err != nil {
		return out, unavailable(err)
	}
	older := ""
	if len(found) > auditPageSize {
		found = found[:auditPageSize]
		last := found[auditPageSize-1]
		older = timePlace{last.At, last.ID}.String()
	}
	out = out.withRows(v.request.URL, viewsTable(found, q.prisoner, london), older)
	if page, is := out.page.(AuditPage); is && len(found) > 0 {
		query := maps.Clone(q.query)
		query.Del(beforeField)
		page.CSV = &govuk.Link{Text: "Download as CSV", Href: addressOf(viewsPath+".csv", query)}
		out.page = page
	}
	return out, nil
}

// viewsTable returns the table of views.
func viewsTable(views []store.View, asked domain.PrisonerNumber, london *time.Location) *govuk.Table {
	table := &govuk.Table{
		ID: "views", Caption: "Views, newest first", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{
			{Text: "Time"}, {Text: "User"}, {Text: "Page"}, {Text: "Whose page"}, {Text: "Also shown"}, {Text: "Address and request"}, {Text: "Shown as of"},
		},
	}
	for _, view := range views {
		table.Rows = append(table.Rows, govuk.Row{ID: view.ID.String(), Cells: []govuk.Cell{
			{Text: toTheSecond(view.At, london)},
			{Text: view.UserName},
			{Text: string(view.Page), Tags: viewTags(view)},
			{Text: orText(numbersText(view.Subjects), "Nobody’s")},
			{Text: shownText(view.Shown, asked)},
			{Text: addressText(view), Below: view.RequestID.String(), Lines: true},
			{Text: positionText(view.Position), Below: "Build " + view.Build},
		}})
	}
	return table
}

// viewTags say what is unusual about a view.
func viewTags(view store.View) []govuk.Tag {
	var all []govuk.Tag
	if view.Refused {
		all = append(all, govuk.Tag{Text: "Refused", Colour: "red"})
	}
	if view.OutsideCaseload {
		all = append(all, govuk.Tag{Text: "Outside caseload", Colour: "orange"})
	}
	return all
}

// namedOnPage is how many of the prisoners shown on a page are named in its row: a page of
// a prison shows thousands. The file names all.
const namedOnPage = 20

// shownText names the prisoners who were shown beside the subjects. The one asked for is
// always among those named.
func shownText(shown []domain.PrisonerNumber, asked domain.PrisonerNumber) string {
	if len(shown) <= namedOnPage {
		return orText(numbersText(shown), "Nobody")
	}
	named := shown[:namedOnPage]
	if slices.Contains(shown, asked) && !slices.Contains(named, asked) {
		named = append([]domain.PrisonerNumber{asked}, named[:namedOnPage-1]...)
	}
	return fmt.Sprintf("%s and %d more", numbersText(named), len(shown)-len(named))
}

// addressLength is how many characters of an address are shown.
const addressLength = 300

// addressText returns the address that was asked for, with its parameters in braces.
func addressText(view store.View) string {
	return shortened(withQuery(view.Route, view.Query), addressLength)
}

// positionText returns a position of the log; the text of a page about no records is "–".
func positionText(position uint64) string {
	if position == 0 {
		return "–"
	}
	return "Position " + strconv.FormatUint(position, 10)
}

const (
	// maxViewsInFile bounds a file, and with it the memory and time of one request.
	maxViewsInFile = 50_000
	// viewsAtOnce is how many views one query reads for a file.
	viewsAtOnce = 1000
)

// auditViewsFile is the file of all views that a question finds. A file is whole or not
// made: more than fit are refused.
func (s *Screens) auditViewsFile(ctx context.Context, v *visit) (answer, error) {
	q, london := viewsQuestion(v), v.now.Location()
	out := auditAnswer(viewsPath, q)
	if len(q.errors) > 0 {
		return out, nil
	}
	var rows [][]string
	for after := (store.Cursor{}); ; {
		found, err := s.views.Views(ctx, q.viewFilter(london), after, viewsAtOnce)
		if err != nil {
			return out, unavailable(err)
		}
		for _, view := range found {
			rows = append(rows, viewCells(view, london))
		}
		if len(rows) > maxViewsInFile {
			return tooManyViews(out, q), nil
		}
		if len(found) < viewsAtOnce {
			break
		}
		after = store.Cursor{At: found[len(found)-1].At, ID: found[len(found)-1].ID}
	}
	var err error
	out.file, err = csvFile("non-associations-views.csv", viewsHeader, rows)
	return out, err
}

// tooManyViews refuses a file, with the form.
func tooManyViews(out answer, q auditQuestion) answer {
	q.refuse(fieldFrom, fmt.Sprintf("More than %d views match. Choose fewer days", maxViewsInFile))
	refused := auditAnswer(viewsPath, q)
	refused.subjects, refused.status = out.subjects, http.StatusBadRequest
	return refused
}

// viewsHeader is the first line of the file.
var viewsHeader = strings.Split("Time,User,Page,Route,Query,Subjects,Shown,Position,Build,Request id,Outside caseload,Refused", ",")

// viewCells returns one line of the file.
func viewCells(view store.View, london *time.Location) []string {
	position := ""
	if view.Position != 0 {
		position = strconv.FormatUint(view.Position, 10)
	}
	return []string{
		view.At.In(london).Format("2006-01-02T15:04:05.000Z07:00"), view.UserName, string(view.Page), view.Route, view.Query, numbersText(view.Subjects), numbersText(view.Shown),
		position, view.Build, view.RequestID.String(), yesOrNo(view.OutsideCaseload), yesOrNo(view.Refused),
	}
}

func yesOrNo(is bool) string {
	if is {
		return "Yes"
	}
	return "No"
}
