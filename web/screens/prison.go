package screens

import (
	"context"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/govuk"
)

// prisonTop is what the pages about who is where in one prison have in common.
type prisonTop struct {
	Prison string // its name
	Tabs   govuk.SubNavigation
	// The sentences about the locations; "" where there is nothing to say.
	Age, Incomplete, OthersUnread string
}

// locationsOld is the age from which locations get a warning.
const locationsOld = 15 * time.Minute

// prison returns the prison of the path. One outside the user's caseloads needs
// GLOBAL_SEARCH, and out says so to the view audit. Errors: not found, also for a prison
// where nobody is; a 503 while that cannot be told.
func (s *Screens) prison(ctx context.Context, v *visit, out *answer) (domain.PrisonID, error) {
	out.subjects = []domain.PrisonerNumber{}
	id := domain.PrisonID(chi.URLParam(v.request, prisonParameter))
	if !isThreeCapitals(string(id)) || !id.IsPrison() {
		return "", notFound()
	}
	if v.session.Caseloads.Has(id) {
		return id, nil
	}
	out.outside = true
	if !v.session.HasRole(domain.RoleGlobalSearch) {
		return "", notFound()
	}
	known, err := s.whereabouts.IsKnown(ctx, id, v.session.Caseloads.IDs())
	if err == nil && !known {
		err = notFound()
	}
	return id, err
}

// prisonParameter is the parameter of a path that has the id of a prison.
const prisonParameter = "prisonId"

// isThreeCapitals reports whether a text has the form of the id of a real prison.
func isThreeCapitals(text string) bool {
	if len(text) != 3 {
		return false
	}
	for _, letter := range []byte(text) {
		if letter < 'A' || letter > 'Z' {
			return false
		}
	}
	return true
}

// prisonPath returns the address of the page of a prison.
func prisonPath(id domain.PrisonID) string { return "/prison/" + string(id) }

// The pages of a prison, by the ends of their addresses.
const (
	tooCloseEnd  = "/too-close"
	moveCheckEnd = "/move-check"
)

// prisonTop returns the top of a page about a prison. current is the end of its address.
func (s *Screens) prisonTop(ctx context.Context, v *visit, id domain.PrisonID, current string) prisonTop {
	top := prisonTop{Prison: s.prisonName(ctx, v, id), Tabs: govuk.SubNavigation{Label: "Pages of this prison"}}
	for _, tab := range []struct{ text, end string }{
		{"Who must be kept apart", ""}, {tooCloseNow, tooCloseEnd}, {"Check a move", moveCheckEnd},
	} {
		top.Tabs.Tabs = append(top.Tabs.Tabs, govuk.SubNavigationLink{Text: tab.text, Href: prisonPath(id) + tab.end, Current: tab.end == current})
	}
	return top
}

// crumbs leads from a page of a prison to the sheet; of the sheet itself it is the name.
func (t prisonTop) crumbs(id domain.PrisonID, current string) []crumb {
	if current == "" {
		return []crumb{{t.Prison, ""}}
	}
	return []crumb{{t.Prison, prisonPath(id)}}
}

// tell says how far the locations are to be relied on, on the page and in its warnings.
func (t *prisonTop) tell(v *visit, out *answer, seen whereabouts.Seen) {
	out.position = seen.Position
	t.Age = "Locations as of " + govuk.DateTime(seen.LocationsAt.In(v.now.Location())) + "."
	if age := v.now.Sub(seen.LocationsAt); age >= locationsOld {
		minutes := strconv.Itoa(int(age / time.Minute))
		out.warnings = append(out.warnings, govuk.Warning{Text: "Locations are " + minutes + " minutes old."})
	}
	if seen.Incomplete > 0 {
		t.Incomplete = incomplete(seen.Incomplete)
	}
	if seen.OthersUnread {
		t.OthersUnread = "It could not be read where prisoners are who are not in this prison."
	}
}

// isWhole reports whether everybody was read whom an answer is about.
func isWhole(seen whereabouts.Seen) bool { return seen.Incomplete == 0 && !seen.OthersUnread }

// located returns the text of a place inside a prison.
func located(text string) string { return orText(text, "Not known") }

// howNear says how near two prisoners of a prison are. text is the place that both are in
// when it is no cell.
func howNear(near domain.Near, text, prison string) string {
	switch near {
	case domain.NearPlace:
		return "Both in " + text
	case domain.NearCell:
		return "Same cell"
	case domain.NearLanding:
		return "Same landing"
	case domain.NearWing:
		return "Same wing"
	default:
		return "In " + prison
	}
}

// whyLeftOut says why a record is left out of an answer.
func whyLeftOut(why domain.LeftOutReason) string {
	if why == domain.LeftOutRestricted {
		return "The other is a restricted patient"
	}
	return "The non-association has not begun"
}

// fromDay returns the day from which a record counts; "" when it has begun.
func fromDay(from string) string {
	if from == "" {
		return ""
	}
	return day(domain.LocalDateTime(from))
}
