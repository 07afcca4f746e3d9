package screens

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/web/screens/govuk"
)

// List shows the open or the closed records of one prisoner.
type List struct {
	Key   person
	Place string // where the prisoner is; "" when that is not known
	Tabs  govuk.SubNavigation
	Add   *govuk.Link // nil for a user who may not
	// NeedRole says to a user without the right to write where to get it.
	NeedRole    *govuk.Details
	Shown       string // "3 of 7 shown", while a filter is set
	Filters     listFilters
	Empty       string // the one sentence of a list without any record
	Groups      []listGroup
	CSVHref     string
	HistoryHref string
}

// listGroup is one table of a list, or the sentence in its place.
type listGroup struct {
	ID, Heading, Empty string
	Table              *govuk.Table
}

// listing is what is read for a list, before it becomes a page or a file.
type listing struct {
	key       person
	kind      listKind
	london    *time.Location
	everybody people
	records   queries.Records
	rows      []listRow // unfiltered
	filters   filters
	groups    []group
	fault     string // of the sort
}

// lists returns the handler of one of the two lists of a prisoner.
func (s *Screens) lists(kind listKind) handler {
	return func(ctx context.Context, v *visit) (answer, error) { return s.list(ctx, v, kind) }
}

func (s *Screens) list(ctx context.Context, v *visit, kind listKind) (answer, error) {
	number, err := v.number("pn")
	if err != nil {
		return answer{}, err
	}
	out := answer{subjects: []domain.PrisonerNumber{number}, title: listTitle}
	save := s.afterSave(ctx, v)
	l, err := s.readList(ctx, v, number, kind, save.atLeast)
	if isBehind(err) && save != (afterSave{}) {
		return s.savingList(ctx, v, number, out)
	}
	if err != nil {
		return out, err
	}
	if survivor := l.records.Survivor; survivor != "" {
		out.redirect = movedTo(v.request, number, survivor)
		return out, nil
	}
	out.position, out.page = l.records.Position, l.page(v)
	out.crumbs = []crumb{s.crumbOf(v, l.key)}
	out.warnings = slices.Concat(v.caseloadWarnings(), l.warnings())
	if l.fault != "" {
		out.status = http.StatusBadRequest
		out.errors = []govuk.ErrorLink{{Text: l.fault}}
	}
	if out.saved, err = s.savedOnList(ctx, v, save, l.key); err != nil {
		return out, err
	}
	return out, s.warnOfMerge(ctx, v, number, &out)
}

// readList reads a prisoner's records and the people on them. A prisoner whom the
// directory denies is not found only when the log holds nothing of the number.
func (s *Screens) readList(ctx context.Context, v *visit, number domain.PrisonerNumber, kind listKind, atLeast uint64) (listing, error) {
	l := listing{kind: kind, london: v.now.Location()}
	var err error
	if l.records, err = s.reads.OfPrisoner(ctx, number, atLeast); err != nil || l.records.Survivor != "" {
		return l, err
	}
	numbers := []domain.PrisonerNumber{number}
	for _, r := range l.records.Records {
		if other := r.Pair.Other(number); !slices.Contains(numbers, other) {
			numbers = append(numbers, other)
		}
	}
	if l.everybody, err = s.find(ctx, numbers); err != nil {
		return l, err
	}
	if err := s.requireKnown(ctx, number, l.everybody, len(l.records.Records) > 0); err != nil {
		return l, err
	}
	l.key = l.everybody.of(number)
	query := v.request.URL.Query()
	l.rows = rowsOf(l.records.Records, number, l.everybody, kind, v.now)
	l.filters = filtersOf(query, l.rows)
	var sorts map[string]sorting
	sorts, l.fault = sortsOf(query, kind)
	l.groups = groupsOf(l.key, establishment(l.key), l.everybody, l.filters.of(l.rows))
	for i := range l.groups {
		l.groups[i].sort = sorts[l.groups[i].id]
		l.groups[i].rows = sorted(l.groups[i].rows, l.groups[i].sort)
	}
	return l, nil
}

// find asks the directory for prisoners. One that does not answer costs names and places,
// and not the page.
func (s *Screens) find(ctx context.Context, numbers []domain.PrisonerNumber) (people, error) {
	found, err := s.directory.Find(ctx, numbers)
	for number, p := range found {
		if id := domain.PrisonID(p.PrisonID); id.IsPrison() && p.PrisonName == "" {
			p.PrisonName = s.whereabouts.Locations().NameOf(id) // that of anybody there, else the id
			found[number] = p
		}
	}
	if errors.Is(err, directory.ErrUnavailable) {
		return people{all: found, away: true}, nil
	}
	return people{all: found}, err
}

// requireKnown refuses a prisoner whom the directory denies when the log holds nothing of
// the number, not even a deleted record or a merge.
func (s *Screens) requireKnown(ctx context.Context, number domain.PrisonerNumber, everybody people, hasRecords bool) error {
	if _, known := everybody.all[number]; known || everybody.away || hasRecords {
		return nil
	}
	head, err := s.reachHead(ctx)
	if err != nil {
		return err
	}
	pairs, err := s.reads.PairsOf(ctx, number, head)
	if err != nil || len(pairs) > 0 {
		return err
	}
	merges, err := s.reads.MergedWith(ctx, number, head)
	if err == nil && len(merges) == 0 {
		return notFound()
	}
	return err
}

// warnOfMerge says that a number led here, when the log says so too: the address alone is
// the word of whoever wrote it.
func (s *Screens) warnOfMerge(ctx context.Context, v *visit, number domain.PrisonerNumber, out *answer) error {
	merged, err := domain.ParsePrisonerNumber(v.request.URL.Query().Get("merged"))
	if err != nil {
		return nil //nolint:nilerr // whatever else it is, it names no removed number
	}
	removed, err := s.reads.RemovedInto(ctx, number, 0)
	if err == nil && slices.Contains(removed, merged) {
		out.warnings = append(out.warnings, govuk.Warning{Text: string(merged) + " is now " + string(number) + "."})
	}
	return err
}

// movedTo returns the same page of the number that survives, saying which number led
// there.
func movedTo(r *http.Request, number, survivor domain.PrisonerNumber) string {
	query := r.URL.Query()
	query.Set("merged", string(number))
	return replaceNumber(r, survivor) + "?" + query.Encode()
}

// warnings says what of a list is not to be relied on.
func (l listing) warnings() []govuk.Warning {
	return append(l.everybody.warnings(), ignoredFilters(l.filters.ignored)...)
}

// ignoredFilters names each value that no filter has.
func ignoredFilters(values []string) []govuk.Warning {
	var all []govuk.Warning
	for _, value := range values {
		all = append(all, govuk.Warning{Text: "Filter " + echoed(value) + " is not known and was ignored."})
	}
	return all
}

// listFiles returns the handler of one of the two lists as a file.
func (s *Screens) listFiles(kind listKind) handler {
	return func(ctx context.Context, v *visit) (answer, error) { return s.listFile(ctx, v, kind) }
}

// listFile returns the list with its filters and sorts as a file. Without names it would
// look whole and not be.
func (s *Screens) listFile(ctx context.Context, v *visit, kind listKind) (answer, error) {
	number, err := v.number("pn")
	if err != nil {
		return answer{}, err
	}
	out := answer{subjects: []domain.PrisonerNumber{number}}
	l, err := s.readList(ctx, v, number, kind, 0)
	switch {
	case err != nil:
		return out, err
	case l.records.Survivor != "":
		out.redirect = movedTo(v.request, number, l.records.Survivor)
		return out, nil
	case l.everybody.away:
		return out, locationsAway(nil)
	case l.fault != "":
		return out, badAddress(l.fault)
	}
	out.position = l.records.Position
	out.file, err = l.file()
	return out, err
}
