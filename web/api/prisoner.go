package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// ofPrisoner lists a prisoner's non-associations in the vocabulary of DPS, with names
// and places of the prisoners.
func (a *API) ofPrisoner(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	number, err := pathNumber(r, "prisonerNumber")
	if err != nil {
		return out, err
	}
	options := parseListOptions(p, number, viewAt(a.clock()))
	least := p.atLeast()
	if err := p.result(); err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	found, err := a.reads.OfPrisoner(ctx, number, least)
	if err != nil {
		return out, unavailable(err)
	}
	out.position = formatPosition(found.Position)
	// A merged number has no list any more. The redirect names the number that
	// survives, so that the caller learns of the merge.
	if found.Survivor != "" {
		return out, movedReply(r, number, found.Survivor)
	}
	out.body, err = json.Marshal(a.prisonerView(ctx, options, found.Records))
	out.etag = etagOf(out.body)
	return out, err
}

// prisonerView builds the answer. A record is omitted for the other prisoner's prison
// only on an answer of the directory to this very request (ADR 0012).
func (a *API) prisonerView(ctx context.Context, l listOptions, records []queries.Record) shape.PrisonerList[shape.PrisonerView] {
	numbers := append(numbersOf(records), l.number)
	people, sure := a.placesFor(ctx, records, numbers, !l.otherPrisons)
	// An unsure directory switches the filter off: a list that shows too many prisoners
	// is safe, one that omits a threat is not.
	l.otherPrisons = !sure
	return l.at(records, people)
}

// placesFor returns the prisoners of a list; the last of numbers is the one whose list it
// is. sure reports whether filtered is set and records may be omitted by these places.
func (a *API) placesFor(ctx context.Context, records []queries.Record, numbers []domain.PrisonerNumber, filtered bool) (people prisoners, sure bool) {
	if filtered {
		of := numbers[len(numbers)-1]
		people, sure = a.lookUpNow(ctx, numbers, func(now prisoners) bool {
			return slices.ContainsFunc(numbers, func(n domain.PrisonerNumber) bool { return isElsewhere(now[n], now[of].PrisonID) })
		})
	} else {
		// Without the filter, names and places only decorate the list. Cached answers
		// are good enough then, and an outage of the directory costs nothing but names.
		people = a.lookUp(ctx, numbers)
	}
	if len(records) > 0 && a.prisonSeen != nil {
		for _, p := range people {
			a.prisonSeen(domain.PrisonID(prisonOf(p.PrisonID)), p.PrisonName)
		}
	}
	return people, sure
}

// listOptions are the parameters of a prisoner's list.
type listOptions struct {
	number       domain.PrisonerNumber
	wanted       queries.Filter
	otherPrisons bool
	order        order
	view         shape.View
}

// parseListOptions parses the parameters of a prisoner's list. Faults stay in p.
func parseListOptions(p *parameters, number domain.PrisonerNumber, view shape.View) listOptions {
	return listOptions{
		number: number, wanted: p.wanted(view.Today), otherPrisons: p.flag("includeOtherPrisons", false),
		order: orderOf(p), view: view,
	}
}

// at builds the answer from records and prisoners. The counts are of open and closed
// records, whichever of them are listed.
func (l listOptions) at(records []queries.Record, people prisoners) shape.PrisonerList[shape.PrisonerView] {
	answer := shape.PrisonerList[shape.PrisonerView]{
		PrisonerNumber: l.number, Person: personOf(people[l.number]), NonAssociations: []shape.PrisonerView{},
	}
	for _, record := range records {
		other := people[record.Pair.Other(l.number)]
		if !l.otherPrisons && isElsewhere(other, people[l.number].PrisonID) {
			continue
		}
		seen := l.view.PrisonerView(record.Pair, l.number, record.NonAssociation)
		seen.OtherPrisonerDetails.Person = personOf(other)
		// Counting comes before the filter by state: a caller who asks for open records
		// still learns that there are closed ones.
		if seen.IsClosed {
			answer.ClosedCount++
		} else {
			answer.OpenCount++
		}
		if seen.IsClosed && l.wanted.Closed || seen.IsOpen && l.wanted.Open {
			answer.NonAssociations = append(answer.NonAssociations, seen)
		}
	}
	slices.SortStableFunc(answer.NonAssociations, l.order.compare)
	answer.NamesMissing = isNameless(answer.Person) || slices.ContainsFunc(answer.NonAssociations, func(s shape.PrisonerView) bool {
		return isNameless(s.OtherPrisonerDetails.Person)
	})
	return answer
}
