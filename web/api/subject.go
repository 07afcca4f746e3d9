package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// statusNotASubject means that the subject is not known here. All services of the
// department use it for subject access requests.
const statusNotASubject = 209

// subjectAccess answers with what is held about a prisoner, deleted records included.
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
	held, err := a.heldUnder(ctx, r, asked.Subject, reached)
	if err != nil {
		return out, err
	}
	// The names are filled in before the status is known, because the same call to the
	// directory answers both.
	answer := subjectAnswer(viewAt(a.clock()), asked.PrisonerNumber, held)
	if out.status = subjectStatus(held, a.name(ctx, held, &answer.Content)); out.status != http.StatusOK {
		return out, nil
	}
	out.body, err = json.Marshal(answer)
	out.etag = etagOf(out.body)
	return out, err
}

// subjectAnswer returns what is held as the answer shows it, names apart.
func subjectAnswer(view shape.View, number domain.PrisonerNumber, held audit.SubjectAccess) shape.SubjectAccess {
	items := make([]shape.SubjectItem, len(held.Records))
	for i, record := range held.Records {
		items[i] = shape.SubjectItem{PrisonerView: view.PrisonerView(record.Pair, record.Number, record.NonAssociation)}
		if d := record.Deleted; d != nil {
			items[i].Deleted = view.Deletion(d.At, d.By, d.Reason)
		}
	}
	return shape.NewSubjectAccess(number, items)
}

// directoryAnswer is what the prisoner directory answered about the subject.
type directoryAnswer int

const (
	unanswered directoryAnswer = iota // it was not asked, or is away
	known
	denied
)

// subjectStatus is 209 when the directory denies the number and nothing was ever held
// under it, 204 when nothing is held in the days asked for, otherwise 200.
func subjectStatus(held audit.SubjectAccess, directory directoryAnswer) int {
	switch {
	case directory == denied && !held.Ever:
		return statusNotASubject
	case len(held.Records) == 0:
		return http.StatusNoContent
	default:
		return http.StatusOK
	}
}

// heldUnder reads what is held under a number and under those that were merged into
// it: records deleted there stayed there. When no live record is found, a merge may
// have transferred it while the log was read, so the number is looked up once more.
func (a *API) heldUnder(ctx context.Context, r *http.Request, subject audit.Subject, reached uint64) (audit.SubjectAccess, error) {
	if err := a.stands(ctx, r, subject.PrisonerNumber, reached); err != nil {
		return audit.SubjectAccess{}, err
	}
	removed, err := a.streams.RemovedInto(ctx, subject.PrisonerNumber, reached)
	if err != nil {
		return audit.SubjectAccess{}, unavailable(err)
	}
	// A deletion stays in the stream of the pair it was made in, also when the
	// prisoner's number is merged later. Each removed number adds its own streams.
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
	isThere := func(record audit.SubjectRecord) bool { return record.Deleted == nil }
	if err != nil || slices.ContainsFunc(answer.Records, isThere) {
		return answer, err
	}
	// Finding nothing is the answer with the most weight, so it is given only when no
	// merge happened while the streams were read.
	if reached, err = a.reachHead(ctx); err != nil {
		return audit.SubjectAccess{}, err
	}
	return answer, a.stands(ctx, r, subject.PrisonerNumber, reached)
}

// name fills in the names of prisoners, as far as the directory answers, and returns
// its answer about the subject. The directory is not asked when there is nothing to
// name and its answer would not change the status.
func (a *API) name(ctx context.Context, held audit.SubjectAccess, content *shape.PrisonerList[shape.SubjectItem]) directoryAnswer {
	if a.directory == nil || subjectStatus(held, denied) == http.StatusNoContent {
		content.NamesMissing = true
		return unanswered
	}
	numbers := []domain.PrisonerNumber{content.PrisonerNumber}
	for _, item := range content.NonAssociations {
		numbers = append(numbers, item.OtherPrisonerDetails.PrisonerNumber)
	}
	// The directory returns what it knows also with an error, so a partial outage costs
	// some names and not all.
	people, err := a.directory.Find(ctx, numbers)
	if err != nil {
		a.logger.WarnContext(ctx, "answer without names: prisoner directory unavailable", "error", err)
	}
	named := func(number domain.PrisonerNumber) shape.Person {
		person := personOf(people[number])
		content.NamesMissing = content.NamesMissing || isNameless(person)
		return person
	}
	content.Person = named(content.PrisonerNumber)
	for i := range content.NonAssociations {
		other := &content.NonAssociations[i].OtherPrisonerDetails
		other.Person = named(other.PrisonerNumber)
	}
	_, found := people[content.PrisonerNumber]
	switch {
	case found:
		return known
	case err != nil:
		return unanswered
	default:
		return denied
	}
}

// subjectParams are the parameters of a subject access request. Without a prisoner
// number the subject cannot be known here.
type subjectParams struct {
	audit.Subject

	atLeast uint64
}

// readSubject parses the request as the department's own library does: a blank
// reference is absent, and a case reference alone names no subject here.
func (a *API) readSubject(u *url.URL) (subjectParams, error) {
	p, err := parametersOf(u)
	if err != nil {
		return subjectParams{}, err
	}
	subject := audit.Subject{
		PrisonerNumber: p.subject(), FromDate: p.day("fromDate"), ToDate: p.day("toDate"),
	}
	return subjectParams{subject, p.atLeast()}, p.result()
}

// subject parses prn; "" when only a case reference is given.
func (p *parameters) subject() domain.PrisonerNumber {
	prn, _ := p.one("prn")
	crn, _ := p.one("crn")
	// A reference is trimmed only to see whether it is blank. A number with spaces
	// around it is a bad number.
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

// day parses a date such as 2023-06-07; "" is no limit.
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
