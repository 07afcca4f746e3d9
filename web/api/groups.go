package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
)

// between lists what keeps the prisoners of a group apart from each other, in
// one prison when one is named.
func (a *API) between(ctx context.Context, r *http.Request, _ auth.Claims) (reply, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	wanted, least, prison := p.wanted(a.today()), p.atLeast(), p.prison("prisonId")
	numbers, err := readNumbers(r, p, 2)
	if err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	found, err := a.reads.Between(ctx, numbers, wanted)
	if errors.Is(err, queries.ErrOnePrisoner) {
		return out, invalid([]fault{{"", "must be at least 2 different prisoners: after their merges these numbers are one"}}, 0)
	}
	if err != nil {
		return out, unavailable(err)
	}
	if prison != "" {
		found.Records = a.inPrison(ctx, found.Records, prison)
	}
	return a.listed(out, found)
}

// involving lists everything that concerns a prisoner of a group.
func (a *API) involving(ctx context.Context, r *http.Request, _ auth.Claims) (reply, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	wanted, least := p.wanted(a.today()), p.atLeast()
	numbers, err := readNumbers(r, p, 1)
	if err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	found, err := a.reads.Involving(ctx, numbers, wanted)
	if err != nil {
		return out, unavailable(err)
	}
	return a.listed(out, found)
}

// begin is what every read of staff begins with.
func (a *API) begin(r *http.Request) (*parameters, reply, error) {
	p, err := parametersOf(r.URL)
	return p, reply{status: http.StatusOK, position: formatPosition(a.reads.Position())}, err
}

func (a *API) today() string { return domain.Today(a.clock()) }

// readNumbers reads the body, and judges it together with the parameters.
func readNumbers(r *http.Request, p *parameters, least int) ([]domain.PrisonerNumber, error) {
	body, err := readJSON(r)
	if err != nil {
		return nil, err
	}
	if err := p.result(); err != nil {
		return nil, err
	}
	return decodeNumbers(body, least)
}

// inPrison keeps those whose prisoners are both there. One whose prison is not
// known now may be there, and is kept: a list that lacks somebody is dangerous,
// one that has somebody too many is not.
func (a *API) inPrison(ctx context.Context, records []queries.Record, prison string) []queries.Record {
	people := a.people(ctx, numbersOf(records))
	return slices.DeleteFunc(records, func(record queries.Record) bool {
		return slices.ContainsFunc(both(record.Pair), func(number domain.PrisonerNumber) bool {
			return isElsewhere(people[number], prison)
		})
	})
}

func numbersOf(records []queries.Record) []domain.PrisonerNumber {
	var numbers []domain.PrisonerNumber
	for _, record := range records {
		numbers = append(numbers, both(record.Pair)...)
	}
	return numbers
}

func both(pair domain.Pair) []domain.PrisonerNumber {
	numbers := pair.Numbers()
	return numbers[:]
}

func (a *API) listed(out reply, found queries.Records) (reply, error) {
	body, err := json.Marshal(a.shapes(found.Records))
	out.body, out.etag, out.position = body, etagOf(body), formatPosition(found.Position)
	return out, err
}

// shapes are records as they are answered, never null.
func (a *API) shapes(records []queries.Record) []audit.NonAssociation {
	view, shapes := viewAt(a.clock()), make([]audit.NonAssociation, len(records))
	for i, record := range records {
		shapes[i] = view.NonAssociation(record.Pair, record.NonAssociation)
	}
	return shapes
}
