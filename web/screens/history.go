package screens

import (
	"context"
	"net/url"
	"slices"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// History shows what happened to a prisoner's records and to the number, and asks for a
// time in the past.
type History struct {
	Key      person
	Timeline govuk.Timeline
	AsOf     asOfForm
	Return   govuk.Link
}

// history is the page of what happened. With a time it is the list as it was then, of the
// number that was asked, removed or not.
func (s *Screens) history(ctx context.Context, v *visit) (answer, error) {
	number, err := v.number("pn")
	if err != nil {
		return answer{}, err
	}
	query := v.request.URL.Query()
	asOf := query.Has("trueAt") || query.Has("knownAt")
	out := answer{subjects: []domain.PrisonerNumber{number}, title: "History"}
	if asOf {
		out.as = store.PageAsOf
	}
	of, err := s.readPast(ctx, number)
	if err != nil {
		return out, err
	}
	if of.survivor != "" && !asOf {
		out.redirect = movedTo(v.request, number, of.survivor)
		return out, nil
	}
	if asOf {
		err = s.asItWas(ctx, v, of, query, &out)
	} else {
		err = s.asItHappened(ctx, v, of, url.Values{}, &out)
	}
	if err != nil {
		return out, err
	}
	out.position = of.position
	return out, s.warnOfMerge(ctx, v, number, &out)
}

// past is where the log has what happened to a prisoner.
type past struct {
	number   domain.PrisonerNumber
	survivor domain.PrisonerNumber // of a removed number without live records
	pairs    []string              // streams
	merges   []string              // streams
	position uint64
}

// streams returns all of them.
func (p past) streams() []string { return slices.Concat(p.pairs, p.merges) }

// readPast lists the streams that concern a prisoner. The read model lists them: it first
// reaches the head of the log, because one that is behind would silently omit some.
func (s *Screens) readPast(ctx context.Context, number domain.PrisonerNumber) (past, error) {
	p := past{number: number}
	head, err := s.reachHead(ctx)
	if err != nil {
		return p, err
	}
	list, err := s.reads.OfPrisoner(ctx, number, head)
	if err != nil {
		return p, err
	}
	p.survivor, p.position = list.Survivor, list.Position
	pairs, err := s.reads.PairsOf(ctx, number, head)
	if err != nil {
		return p, err
	}
	for _, pair := range pairs {
		p.pairs = append(p.pairs, pair.Stream())
	}
	merged, err := s.reads.MergedWith(ctx, number, head)
	for _, removed := range merged {
		p.merges = append(p.merges, removed.Stream())
	}
	return p, err
}

// asItHappened fills an answer with the timeline of a prisoner. typed is what stands in the
// form.
func (s *Screens) asItHappened(ctx context.Context, v *visit, of past, typed url.Values, out *answer) error {
	entries, err := s.audit.TimelineOfPrisoner(ctx, of.streams(), of.number)
	if err != nil {
		return err
	}
	everybody, err := s.peopleOf(ctx, of, othersIn(entries))
	if err != nil {
		return err
	}
	key := everybody.of(of.number)
	out.page = History{
		Key: key, Timeline: timelineOf(entries, of.number, everybody, v.now.Location()), AsOf: formOf(of.number, typed, out.errors), Return: returnTo(key),
	}
	out.crumbs = s.crumbsTo(v, key, openKind)
	out.warnings = slices.Concat(out.warnings, everybody.warnings())
	return nil
}

// peopleOf returns the key prisoner and others. One whom the directory denies is not found
// when the log holds nothing of the number.
func (s *Screens) peopleOf(ctx context.Context, of past, others []domain.PrisonerNumber) (people, error) {
	numbers := []domain.PrisonerNumber{of.number}
	for _, other := range others {
		if !slices.Contains(numbers, other) {
			numbers = append(numbers, other)
		}
	}
	everybody, err := s.find(ctx, numbers)
	if err != nil {
		return people{}, err
	}
	if _, known := everybody.all[of.number]; !known && !everybody.away && len(of.streams()) == 0 {
		return people{}, notFound()
	}
	return everybody, nil
}

// othersIn returns the other prisoners of a timeline, and those whose values changed.
func othersIn(entries []audit.TimelineEntry) []domain.PrisonerNumber {
	var numbers []domain.PrisonerNumber
	for _, e := range entries {
		if e.Other != "" {
			numbers = append(numbers, e.Other)
		}
		for _, c := range e.Changes {
			if c.PrisonerNumber != "" {
				numbers = append(numbers, c.PrisonerNumber)
			}
		}
	}
	return numbers
}

// returnTo is the link to the list of a prisoner.
func returnTo(key person) govuk.Link {
	return govuk.Link{Text: "Return to " + key.Possessive() + " non-associations", Href: listPath(key.Number, openKind)}
}

// historyPath returns the address of a prisoner's history.
func historyPath(number domain.PrisonerNumber) string {
	return listPath(number, openKind) + "/history"
}
