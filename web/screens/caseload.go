package screens

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/signin"
)

const (
	caseloadPath   = "/caseload"
	chooseCaseload = "Choose a caseload" // title and heading
	fieldCaseload  = "caseload"
)

// Caseload lets a user with several caseloads choose the active one.
type Caseload struct {
	User   string
	Key    string // as every form has one; a choice needs none, since the last one counts
	Choice govuk.Radios
	// Back is the page to return to.
	Back   string
	Button govuk.Button
}

// caseload shows the caseloads of the user, with the choice that was kept when a session
// was over.
func (s *Screens) caseload(ctx context.Context, v *visit) (answer, error) {
	if len(v.session.Caseloads.All) < 2 {
		return answer{}, notFound()
	}
	out := answer{title: chooseCaseload}
	kept, err := s.sessions.KeptForm(ctx, *v.session, v.request)
	switch {
	case err != nil:
		return answer{}, unavailable(err)
	case kept == nil:
		out.page = s.caseloadPage(ctx, v, s.back(v.request.Referer()))
		return out, nil
	}
	page := s.caseloadPage(ctx, v, s.back(s.public.String()+one(kept, "back")))
	out.warnings = []govuk.Warning{{Text: signedOutWarning}}
	if isOfAnother(v, kept) {
		s.forgetKept(ctx, v)
		out.warnings[0].Text = anotherUserWarning
	} else {
		page.Choice.Value = one(kept, fieldCaseload)
	}
	out.page = page
	return out, nil
}

func (s *Screens) caseloadPage(ctx context.Context, v *visit, back string) Caseload {
	page := Caseload{
		User: v.session.UserName, Key: s.newID().String(), Back: back, Button: govuk.Button{Text: "Continue"},
		Choice: govuk.Radios{
			ID: "caseload-caseload", Name: fieldCaseload, Legend: govuk.Legend{Text: chooseCaseload, Heading: true, Size: "l"},
			Value: string(v.session.Caseloads.Active),
		},
	}
	for _, one := range v.session.Caseloads.All {
		page.Choice.Choices = append(page.Choice.Choices, govuk.Choice{Value: string(one.ID), Text: s.prisonName(ctx, v, one.ID)})
	}
	return page
}

// chooseCaseload makes one of the caseloads the active one, and leads back to the page
// that the user came from.
func (s *Screens) chooseCaseload(ctx context.Context, v *visit) (answer, error) {
	if len(v.session.Caseloads.All) < 2 {
		return answer{}, notFound()
	}
	s.forgetKept(ctx, v)
	back := s.back(s.public.String() + one(v.form, "back"))
	if isOfAnother(v, v.form) {
		return answer{
			status: http.StatusConflict, title: chooseCaseload, page: s.caseloadPage(ctx, v, back),
			warnings: []govuk.Warning{{Text: anotherUserWarning}},
		}, nil
	}
	err := s.sessions.SetCaseload(ctx, *v.session, domain.PrisonID(one(v.form, fieldCaseload)))
	switch {
	case errors.Is(err, signin.ErrNotACaseload):
		page := s.caseloadPage(ctx, v, back)
		page.Choice.Error, page.Choice.Value = "Select a caseload", ""
		return answer{
			status: http.StatusBadRequest, title: chooseCaseload, page: page,
			errors: []govuk.ErrorLink{{Text: page.Choice.Error, Href: "#" + page.Choice.ID}},
		}, nil
	case err != nil:
		return answer{}, unavailable(err)
	}
	return answer{redirect: back}, nil
}

// back returns the path of a page of ours, else the beginning.
func (s *Screens) back(address string) string {
	from, err := url.Parse(address)
	if err != nil || from.Scheme != s.public.Scheme || from.Host != s.public.Host || from.Path == caseloadPath {
		return "/"
	}
	return withQuery(local(from.EscapedPath()), from.RawQuery)
}
