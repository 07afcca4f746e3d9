package govuk

import (
	"html/template"
	"time"
)

// Layout is everything on a page but the content of <main>. What is not set is not drawn.
type Layout struct {
	// Title is the title without its end, and never has a person's name or number. "Error: "
	// comes before it exactly when there are Errors.
	Title string
	// Nonce lets the one inline script run. It must not look like a prisoner number.
	Nonce string
	// Refresh is after how many seconds the page loads itself again.
	Refresh int

	User        *User // nil without a session
	Breadcrumbs []Link
	SwitchOver  []string // paragraphs of #switch-over
	Saved       *Saved
	Done        string // the sentence of #done
	Saving      *Saving
	Warnings    []Warning
	Errors      []ErrorLink
	// UpTo is the sentence of #recorded-up-to; see [UpTo].
	UpTo    string
	Session *Session
	Print   *Print
	Estate  *Estate // nil: our own header and footer
	// Typed says that the page holds what somebody typed and did not save. The links of the
	// frame that lead away, but for the header, then open in a new tab.
	Typed bool
}

// User is who is signed in.
type User struct {
	Name string
	// Caseload is the name of the active caseload, "" when there is none.
	Caseload string
	// CanChange says that there are several caseloads.
	CanChange bool
}

// Saved is the banner #saved after a save.
type Saved struct {
	Text string
	Link Link
}

// Saving stands in place of a record that is saved, but not readable yet.
type Saving struct{ Href string }

// Session is when the session ends, for the warning #signing-out.
type Session struct {
	Idle      time.Duration // until it ends without a further request; on a page that refreshes itself what is left
	Left      time.Duration // until the session ends, whatever happens
	Warn      time.Duration // the warning appears this long before the end
	KeepAlive string        // an address that counts as a request and answers 200
}

// Print is the line on each printed sheet.
type Print struct {
	User     string
	At       time.Time
	Position uint64 // 0 on a page about no records
}

// Estate is what the estate's component service gave, as it came. Each part that is empty
// is ours.
type Estate struct {
	Header, Footer       template.HTML
	StyleSheets, Scripts []string
}

// Minutes returns the length of the warning in minutes, rounded up.
func (s Session) Minutes() int { return int((s.Warn + time.Minute - 1) / time.Minute) }

// Seconds returns a time in whole seconds.
func (s Session) Seconds(d time.Duration) int { return int(d / time.Second) }

// Endless reports whether a request puts the end off.
func (s Session) Endless() bool { return s.Left > s.Idle }

// Crumbs returns the breadcrumbs as this page draws them.
func (l Layout) Crumbs() Breadcrumbs {
	links := make([]Link, len(l.Breadcrumbs))
	for i, link := range l.Breadcrumbs {
		link.NewTab = link.NewTab || l.Typed
		links[i] = link
	}
	return Breadcrumbs{links}
}

// Alert returns the warnings as one alert. The error summary and the banner of a save need
// the focus more.
func (l Layout) Alert() Alert {
	all := make([]Warning, len(l.Warnings))
	for i, w := range l.Warnings {
		if w.Link != nil {
			link := *w.Link
			link.NewTab = link.NewTab || l.Typed
			w.Link = &link
		}
		all[i] = w
	}
	return Alert{
		ID: "warning", Kind: AlertWarning, Name: "Warning", Role: "alert", Paragraphs: all,
		NoFocus: len(l.Errors) > 0 || l.Saved != nil || l.Done != "",
	}
}

// Announced returns the announcements of a switch-over as one alert.
func (l Layout) Announced() Alert {
	all := make([]Warning, len(l.SwitchOver))
	for i, text := range l.SwitchOver {
		all[i].Text = text
	}
	return Alert{ID: "switch-over", Kind: Information, Name: "Switch-over", Paragraphs: all}
}

// Summary returns the error summary.
func (l Layout) Summary() ErrorSummary { return ErrorSummary{l.Errors} }

// SavedBanner returns the banner after a save.
func (l Layout) SavedBanner() Banner {
	return Banner{ID: "saved", Text: l.Saved.Text, Link: &l.Saved.Link}
}

// DoneBanner returns the banner after a change of an operator.
func (l Layout) DoneBanner() Banner { return Banner{ID: "done", Text: l.Done} }

// Footer returns the links of the footer.
func (l Layout) Footer() []Link {
	var links []Link
	for _, to := range [][2]string{{"Help", "/help"}, {"Accessibility statement", "/accessibility"}, {"Cookies", "/cookies"}} {
		links = append(links, Link{Text: to[0], Href: to[1], NewTab: l.Typed, Classes: "govuk-footer__link"})
	}
	return links
}
