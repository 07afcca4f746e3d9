package govuk_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/govuk"
)

// policy is the content security policy of the pages.
const policy = "default-src 'none'; script-src 'self' 'nonce-n'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// sampleText has every component once.
const sampleText = `<h1 class="govuk-heading-l">A page with everything</h1>
{{template "SubNavigation" .Tabs}}
<form method="post" novalidate>
{{template "Radios" .Reason}}{{template "Radios" .Scope}}{{template "Checkboxes" .Filter}}
{{template "Input" .Number}}{{template "Textarea" .Numbers}}{{template "CharacterCount" .Comment}}
<div class="govuk-button-group">{{template "Button" .Save}}{{template "Button" .Close}}{{template "Link" .Cancel}}</div>
</form>
{{template "Table" .Table}}{{template "Pagination" .Pages}}
<h2 class="govuk-heading-m">Details</h2>
{{template "SummaryList" .Summary}}
{{template "InsetText" .Inset}}{{template "WarningText" .Beware}}{{template "Details" .Help}}
<h2 class="govuk-heading-m">Timeline</h2>
{{template "Timeline" .Timeline}}`

// sample is the data of that page.
type sample struct {
	Tabs          govuk.SubNavigation
	Reason, Scope govuk.Radios
	Filter        govuk.Checkboxes
	Number        govuk.Input
	Numbers       govuk.Textarea
	Comment       govuk.CharacterCount
	Save, Close   govuk.Button
	Cancel        govuk.Link
	Table         govuk.Table
	Pages         govuk.Pagination
	Summary       govuk.SummaryList
	Inset         govuk.InsetText
	Beware        govuk.WarningText
	Help          govuk.Details
	Timeline      govuk.Timeline
}

var at = time.Date(2026, 7, 26, 14, 5, 9, 0, time.FixedZone("BST", 3600))

// everything is a page in all states at once.
func everything() (govuk.Layout, sample) {
	choices := []govuk.Choice{{Value: "BULLYING", Text: "Bullying"}, {Value: "NOT_RELEVANT", Text: "Not relevant", Hint: "For example, equal parties."}}
	layout := govuk.Layout{
		Title: "Everything", Nonce: "n",
		User:        &govuk.User{Name: "OFFICER_A", Caseload: "Example A (HMP)", CanChange: true},
		Breadcrumbs: []govuk.Link{{Text: "Non-associations", Href: "/"}, {Text: "Example, Adam"}},
		SwitchOver:  []string{"From 26 July 2026 use this service and not NOMIS."},
		Saved:       &govuk.Saved{Text: "The non-association has been closed", Link: govuk.Link{Text: "View Adam Example’s non-associations", Href: "/x"}},
		Done:        "The message is sent again.",
		Saving:      &govuk.Saving{Href: "?atLeast=1"},
		Warnings: []govuk.Warning{
			{Text: "Names and locations are missing. The list itself is complete."},
			{Text: "There is already an open non-association between these 2 prisoners", Link: &govuk.Link{Text: "View the existing non-association", Href: "/y"}},
		},
		Errors:  []govuk.ErrorLink{{"Select a reason", "#add-reason"}, {"Enter a comment", "#add-comment"}, {"Invalid order", ""}},
		UpTo:    govuk.UpTo(at, at),
		Session: &govuk.Session{Idle: time.Hour, Left: 12 * time.Hour, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"},
		Print:   &govuk.Print{User: "OFFICER_A", At: at, Position: 4711},
	}
	rows := make([]govuk.Row, 60)
	for i := range rows {
		rows[i] = govuk.Row{ID: "id", Cells: []govuk.Cell{
			{Text: "Sample, Bertram", Below: "A0135GA"},
			{Text: "Cell, landing and wing – NOMIS: Total Non Association", Tags: []govuk.Tag{{Text: "Ends 26/07/2026", Colour: "blue"}}},
			{Text: "26/07/2026"},
			{Link: &govuk.Link{Text: "View details", Hidden: "of Bertram Sample (A0135GA), 26/07/2026", Href: "/z"}},
		}}
	}
	return layout, sample{
		Tabs:    govuk.SubNavigation{Label: "Open or closed", Tabs: []govuk.SubNavigationLink{{"Open (2 records)", "#", true}, {"Closed (1 record)", "/closed", false}}},
		Reason:  govuk.Radios{ID: "add-reason", Name: "reason", Legend: govuk.Legend{Text: "Reason", Size: "m"}, Error: "Select a reason", Choices: choices},
		Scope:   govuk.Radios{ID: "search-scope", Name: "scope", Legend: govuk.Legend{Text: "Search for prisoners", Hidden: true}, Inline: true, Small: true, Value: "prison", Choices: []govuk.Choice{{Value: "prison", Text: "In Example A (HMP)"}, {Value: "global", Text: "In any establishment (global)"}}},
		Filter:  govuk.Checkboxes{ID: "filter-reason", Name: "reason", Legend: govuk.Legend{Text: "Filter"}, Small: true, Values: []string{"BULLYING"}, Choices: choices},
		Number:  govuk.Input{ID: "views-prisoner", Name: "prisoner", Label: govuk.Label{Text: "Prison number"}, Width: 10, Exact: true},
		Numbers: govuk.Textarea{ID: "move-prisoner", Name: "prisoner", Label: govuk.Label{Text: "Prison numbers"}, Hint: "One a line, at most 30", Exact: true},
		Comment: govuk.CharacterCount{Textarea: govuk.Textarea{ID: "add-comment", Name: "comment", Label: govuk.Label{Text: "Comments"}, Hint: "Explain why.", Error: "Enter a comment"}, Max: 240},
		Save:    govuk.Button{Text: "Save", Once: true}, Close: govuk.Button{Text: "Close", Kind: govuk.Warns, Href: "/close"},
		Cancel: govuk.Link{Text: "Cancel", Href: "/", Classes: "govuk-link govuk-link--no-visited-state"},
		Table: govuk.Table{
			ID: "same", Caption: "Adam Example’s open non-associations: Example A (HMP)", Size: "m", Scrolls: true, RowHeader: true,
			Head: []govuk.Header{{Text: "Name", Sort: &govuk.Sort{Href: "?a"}}, {Text: "Where to keep apart"}, {Text: "Last updated", Sort: &govuk.Sort{Href: "?b", Order: "descending"}}, {Text: "Actions", Hidden: true}},
			Rows: rows,
		},
		Pages:   govuk.Pagination{Next: "?page=2", Pages: []govuk.PageLink{{Number: 1, Href: "?page=1", Current: true}, {Number: 2, Href: "?page=2"}}},
		Summary: govuk.SummaryList{ID: "details", Rows: []govuk.SummaryRow{{Key: "Reason", Text: "Bullying"}, {Key: "Comments", Text: "one\ntwo", Lines: true}}},
		Inset:   govuk.InsetText{ID: "nomis", Text: "NOMIS shows this since 26 July 2026 at 14:05"}, Beware: govuk.WarningText{Text: "Nothing here blocks a move in NOMIS."},
		Help: govuk.Details{Summary: "Need to add non-associations?", Text: "Ask your administrator."},
		Timeline: govuk.Timeline{ID: "timeline", Items: []govuk.TimelineItem{
			{EventID: "e", Title: "Closed", By: "OFFICER_A", Tag: &govuk.Tag{Text: "DPS", Colour: "blue"}, When: govuk.DateTime(at), ISO: at.Format(time.RFC3339), HTML: template.HTML("<p class=\"govuk-body\">No longer needed.</p>")},
		}},
	}
}

// serve answers every page with the sample, and assets and the keep-alive as the service
// does.
func serve(t *testing.T, layout govuk.Layout, page any) *httptest.Server {
	t.Helper()
	pages, err := govuk.Parse(fstest.MapFS{"page.gohtml": {Data: []byte(sampleText)}})
	require.NoError(t, err)
	body, err := pages.Render(layout, "page", page)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/assets/", govuk.Assets())
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}
