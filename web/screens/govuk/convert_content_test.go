package govuk_test

import (
	"encoding/json"
	"html/template"
	"strings"

	"nonassociations/web/screens/govuk"
)

func tag(o struct{ Text, Classes string }) any {
	colour, ok := strings.CutPrefix(o.Classes, "govuk-tag--")
	need(o.Classes == "" || ok, "classes")
	return govuk.Tag{Text: o.Text, Colour: colour}
}

func skipLink(o struct{ Text, Href string }) any { return govuk.SkipLink{Text: o.Text, Href: o.Href} }

func warningText(o struct{ Text, IconFallbackText string }) any {
	need(o.IconFallbackText == "Warning", "iconFallbackText")
	return govuk.WarningText{Text: o.Text}
}

func insetText(o struct {
	ID, Text string
	HTML     template.HTML
},
) any {
	return govuk.InsetText{ID: o.ID, Text: o.Text, HTML: o.HTML}
}

func details(o struct {
	ID, SummaryText, Text string
	HTML                  template.HTML
	Open                  bool
},
) any {
	return govuk.Details{ID: o.ID, Summary: o.SummaryText, Text: o.Text, HTML: o.HTML, Open: o.Open}
}

func errorSummary(o struct {
	TitleText string
	ErrorList []struct{ Text, Href string }
},
) any {
	need(o.TitleText == "There is a problem", "titleText")
	var s govuk.ErrorSummary
	for _, e := range o.ErrorList {
		s.Errors = append(s.Errors, govuk.ErrorLink(e))
	}
	return s
}

func banner(o struct{ Text, Type string }) any {
	need(o.Type == "success", "type")
	return govuk.Banner{Text: o.Text}
}

func breadcrumbs(o struct {
	Items []struct{ Text, Href string }
},
) any {
	var b govuk.Breadcrumbs
	for _, item := range o.Items {
		b.Links = append(b.Links, govuk.Link{Text: item.Text, Href: item.Href})
	}
	return b
}

func pagination(o struct {
	Previous, Next struct{ Href string }
	LandmarkLabel  string
	Items          []struct {
		Number            json.Number
		Href              string
		Current, Ellipsis bool
	}
},
) any {
	p := govuk.Pagination{Label: o.LandmarkLabel, Previous: o.Previous.Href, Next: o.Next.Href}
	for _, item := range o.Items {
		number, _ := item.Number.Int64()
		need(number > 0 || item.Ellipsis, "falsy")
		p.Pages = append(p.Pages, govuk.PageLink{Number: int(number), Href: item.Href, Current: item.Current, Gap: item.Ellipsis})
	}
	return p
}

func summaryList(o struct {
	Rows []*struct {
		Key   struct{ Text string }
		Value struct {
			Text string
			HTML template.HTML
		}
		Actions *struct {
			Items []struct{ Href, Text, VisuallyHiddenText string }
		}
	}
},
) any {
	var s govuk.SummaryList
	for _, r := range o.Rows {
		need(r != nil, "falsy")
		row := govuk.SummaryRow{Key: r.Key.Text, Text: r.Value.Text, HTML: r.Value.HTML}
		need(r.Actions == nil || len(r.Actions.Items) > 0, "items")
		if r.Actions != nil {
			for _, a := range r.Actions.Items {
				row.Actions = append(row.Actions, govuk.Link{Text: a.Text, Href: a.Href, Hidden: a.VisuallyHiddenText})
			}
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func table(o struct {
	Caption, CaptionClasses string
	FirstCellIsHeader       bool
	Head                    []struct{ Text, Format string }
	Rows                    [][]struct {
		Text, Format string
		HTML         template.HTML
	}
},
) any {
	t := govuk.Table{Caption: o.Caption, Size: sized(o.CaptionClasses, "govuk-table__caption--"), RowHeader: o.FirstCellIsHeader}
	for _, h := range o.Head {
		t.Head = append(t.Head, govuk.Header{Text: h.Text, Numeric: h.Format == "numeric"})
	}
	for _, cells := range o.Rows {
		need(cells != nil, "falsy")
		var row govuk.Row
		for _, c := range cells {
			row.Cells = append(row.Cells, govuk.Cell{Text: c.Text, HTML: c.HTML, Numeric: c.Format == "numeric"})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
