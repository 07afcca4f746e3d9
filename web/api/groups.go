package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// between lists the non-associations within a group of prisoners, of one prison when
// prisonId is given.
func (a *API) between(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	return a.group(ctx, r, groupRead{least: 2, ofPrison: true, open: a.reads.Between})
}

// involving lists the non-associations of every prisoner of a group.
func (a *API) involving(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	return a.group(ctx, r, groupRead{least: 1, open: a.reads.Involving})
}

// groupRead is what differs between the reads of a group.
type groupRead struct {
	least    int  // the least number of prisoners
	ofPrison bool // takes prisonId
	open     func(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error)
}

// group is the endpoint of both group reads. It asks for at least the position that
// the caller has seen.
func (a *API) group(ctx context.Context, r *http.Request, read groupRead) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	view := viewAt(a.clock())
	wanted, seen := p.wanted(view.Today), p.atLeast()
	asked := groupList{api: a, view: view, request: r}
	if read.ofPrison {
		asked.prison = p.prison("prisonId")
	}
	numbers, err := readNumbers(r, p, read.least)
	if err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, seen); err != nil {
		return out, err
	}
	wanted.AtLeast = seen
	asked.open = func(ctx context.Context) (queries.Group, error) {
		group, err := read.open(ctx, numbers, wanted)
		return group, groupFault(err)
	}
	return asked.reply(ctx, out)
}

// groupFault maps the errors of a group read to refusals.
func groupFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queries.ErrOnePrisoner):
		return invalidValue("", "must be at least 2 different prisoners: after their merges these numbers are one")
	}
	return unavailable(err)
}

// begin parses the parameters of a staff read. Its response has the position that a
// refusal carries.
func (a *API) begin(r *http.Request) (*parameters, response, error) {
	p, err := parametersOf(r.URL)
	return p, response{status: http.StatusOK, position: formatPosition(a.reads.Position())}, err
}

// today is the day in London, which decides open and closed.
func (a *API) today() string { return domain.Today(a.clock()) }

// readNumbers reads the prisoner numbers of the body, after the parameters are judged.
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

// groupList is one request for the list of a group.
type groupList struct {
	api     *API
	request *http.Request
	view    shape.View
	prison  string // "" for all
	open    func(ctx context.Context) (queries.Group, error)
}

// fewRecords is how many records are answered from memory. Nearly every list is
// shorter. A longer one is streamed (large.go).
const fewRecords = 1000

// errMany ends the read of a short list that turns out to be long.
var errMany = errors.New("the list has too many records to be answered from memory")

// reply answers a short list from memory: the connection to the read model is returned
// before the directory is asked and before anything is sent. A longer list waits for a
// slot and is streamed.
func (l groupList) reply(ctx context.Context, out response) (response, error) {
	records, position, err := l.few(ctx)
	if errors.Is(err, errMany) {
		return l.large(ctx, out)
	}
	if err != nil {
		return out, err
	}
	records = slices.DeleteFunc(records, l.hides(ctx, numbersOf(records)))
	body, err := json.Marshal(shapes(l.view, records))
	out.body, out.etag, out.position = body, etagOf(body), formatPosition(position)
	return out, err
}

// few reads at most fewRecords records into memory, and errMany when there are more.
func (l groupList) few(ctx context.Context) (records []queries.Record, position uint64, err error) {
	group, err := l.open(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer group.Close()
	// One record more than fits shows that the list is long, without counting it in a
	// query of its own.
	err = group.Each(ctx, fewRecords+1, func(record queries.Record) error {
		if len(records) == fewRecords {
			return errMany
		}
		records = append(records, record)
		return nil
	})
	if err != nil && !errors.Is(err, errMany) {
		err = unavailable(err)
	}
	return records, group.Position, err
}

// hides returns which records the list of a prison omits: those with a prisoner who is
// in another prison, as the directory answers now. A prisoner whose prison is unknown
// may be there, and is kept: a list with one name too few is dangerous, one with a
// name too many is not (ADR 0012).
func (l groupList) hides(ctx context.Context, numbers []domain.PrisonerNumber) func(queries.Record) bool {
	none := func(queries.Record) bool { return false }
	if prisonOf(l.prison) == "" {
		return none
	}
	now, sure := l.api.lookUpNow(ctx, numbers, func(now prisoners) bool {
		return slices.ContainsFunc(numbers, func(n domain.PrisonerNumber) bool { return isElsewhere(now[n], l.prison) })
	})
	if !sure {
		return none
	}
	return func(record queries.Record) bool {
		return slices.ContainsFunc(bothNumbers(record.Pair), func(n domain.PrisonerNumber) bool { return isElsewhere(now[n], l.prison) })
	}
}

// numbersOf returns the two prisoner numbers of each record, repeats included.
func numbersOf(records []queries.Record) []domain.PrisonerNumber {
	var numbers []domain.PrisonerNumber
	for _, record := range records {
		numbers = append(numbers, bothNumbers(record.Pair)...)
	}
	return numbers
}

// bothNumbers returns the numbers of a pair as a slice.
func bothNumbers(pair domain.Pair) []domain.PrisonerNumber {
	numbers := pair.Numbers()
	return numbers[:]
}

// shapes returns the answer's form of records, never nil.
func shapes(view shape.View, records []queries.Record) []shape.NonAssociation {
	shapes := make([]shape.NonAssociation, len(records))
	for i, record := range records {
		shapes[i] = view.NonAssociation(record.Pair, record.NonAssociation)
	}
	return shapes
}
