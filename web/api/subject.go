package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/auth"
)

// statusNotASubject says that the subject is not known here; subject access
// requests have it across all services of the department.
const statusNotASubject = 209

// subjectAccess is what is held about a prisoner, deleted ones too.
func (a *API) subjectAccess(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
	asked, err := a.readSubject(r.URL)
	if err != nil {
		return out, err
	}
	if asked.PrisonerNumber == "" {
		out.status = statusNotASubject
		return out, nil
	}
	reached, err := a.reachStreams(ctx, asked.atLeast)
	if err != nil {
		return out, err
	}
	out.position = formatPosition(reached)
	answer, err := a.heldUnder(ctx, r, asked.Subject, reached)
	if err != nil {
		return out, err
	}
	knowledge := a.name(ctx, &answer)
	if out.status = answer.Status(knowledge); out.status != http.StatusOK {
		return out, nil
	}
	out.body, err = json.Marshal(answer)
	out.etag = etagOf(out.body)
	return out, err
}

// heldUnder is what is held under a number that stands, and under those that were
// merged into it: what was deleted there stayed there. Where nothing of it
// counts any more, a merge may have taken it away while the log was read: then
// the number is looked up once more.
func (a *API) heldUnder(ctx context.Context, r *http.Request, subject audit.Subject, reached uint64) (audit.SubjectAccess, error) {
	if err := a.stands(ctx, r, subject.PrisonerNumber, reached); err != nil {
		return audit.SubjectAccess{}, err
	}
	removed, err := a.streams.RemovedInto(ctx, subject.PrisonerNumber, reached)
	if err != nil {
		return audit.SubjectAccess{}, unavailable(err)
	}
	subject.Removed = removed
	var streams []string
	for _, number := range append([]domain.PrisonerNumber{subject.PrisonerNumber}, removed...) {
		more, err := a.streamsOf(ctx, number, reached)
		if err != nil {
			return audit.SubjectAccess{}, err
		}
		streams = append(streams, more...)
	}
	answer, err := a.audit.SubjectAccess(ctx, streams, subject)
	if err != nil || answer.Content.OpenCount+answer.Content.ClosedCount > 0 {
		return answer, err
	}
	if reached, err = a.reachHead(ctx); err != nil {
		return audit.SubjectAccess{}, err
	}
	return answer, a.stands(ctx, r, subject.PrisonerNumber, reached)
}

// name fills in who everybody is, as far as the directory says, and tells what
// it says of the subject. It is not asked when there is nothing to name and its
// word would change nothing.
func (a *API) name(ctx context.Context, answer *audit.SubjectAccess) audit.DirectoryAnswer {
	content := &answer.Content
	if a.directory == nil || answer.Status(audit.Denied) == http.StatusNoContent {
		content.NamesMissing = true
		return audit.Unanswered
	}
	numbers := []domain.PrisonerNumber{content.PrisonerNumber}
	for _, item := range content.NonAssociations {
		numbers = append(numbers, item.OtherPrisonerDetails.PrisonerNumber)
	}
	people, err := a.directory.Find(ctx, numbers)
	if err != nil {
		a.logger.WarnContext(ctx, "names are missing in an answer", "error", err)
	}
	named := func(number domain.PrisonerNumber) audit.Person {
		person := personOf(people[number])
		content.NamesMissing = content.NamesMissing || isNameless(person)
		return person
	}
	content.Person = named(content.PrisonerNumber)
	for i := range content.NonAssociations {
		other := &content.NonAssociations[i].OtherPrisonerDetails
		other.Person = named(other.PrisonerNumber)
	}
	_, known := people[content.PrisonerNumber]
	switch {
	case known:
		return audit.Known
	case err != nil:
		return audit.Unanswered
	default:
		return audit.Denied
	}
}

// subjectParams is what a subject access request asks for; without a prisoner number it
// is about somebody whom this service cannot know.
type subjectParams struct {
	audit.Subject

	atLeast uint64
}

// readSubject reads the request as the department's own library does: a blank
// reference is none, and a case reference alone is nobody here.
func (a *API) readSubject(u *url.URL) (subjectParams, error) {
	p, err := parametersOf(u)
	if err != nil {
		return subjectParams{}, err
	}
	subject := audit.Subject{
		PrisonerNumber: p.subject(), FromDate: p.day("fromDate"), ToDate: p.day("toDate"), View: viewAt(a.clock()),
	}
	return subjectParams{subject, p.atLeast()}, p.result()
}

// subject is the prisoner number, "" when only a case reference is given.
func (p *parameters) subject() domain.PrisonerNumber {
	prn, _ := p.one("prn")
	crn, _ := p.one("crn")
	if strings.TrimSpace(prn) == "" {
		if strings.TrimSpace(crn) == "" {
			p.fault("prn", "must be given, or crn")
		}
		return ""
	}
	number, err := domain.ParsePrisonerNumber(prn)
	if err != nil {
		p.fault("prn", err.Error())
	}
	return number
}

// day is a date such as 2023-06-07; "" is no limit.
func (p *parameters) day(name string) string {
	day, given := p.one(name)
	if !given || day == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		p.fault(name, "must be a day such as 2023-06-07")
	}
	return day
}
