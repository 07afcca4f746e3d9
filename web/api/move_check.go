package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/auth"
	"nonassociations/web/strictjson"
)

// Whereabouts judge where prisoners may be moved. [whereabouts.Service] implements it.
type Whereabouts interface {
	// Destination parses a wing, landing or cell of a prison. The error is
	// [domain.ErrDestination].
	Destination(prison domain.PrisonID, text string) (domain.Destination, error)
	// MoveCheck judges a move. Errors: [whereabouts.ErrUnknownPrison],
	// [whereabouts.UnknownPrisoners], [whereabouts.ErrNoLocations], and those of queries.
	MoveCheck(ctx context.Context, question whereabouts.Question) (whereabouts.MoveCheck, error)
}

// errNoDirectory says that this process has no prisoner directory.
var errNoDirectory = errors.New("there is no prisoner directory to ask")

// checkMove answers whom prisoners of a list would be too close to. It only reads.
func (a *API) checkMove(ctx context.Context, r *http.Request, caller auth.Claims) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	seen := p.atLeast()
	body, err := readJSON(r)
	if err != nil {
		return out, err
	}
	if err := p.result(); err != nil {
		return out, err
	}
	destination := domain.WingParts{}.ParseDestination
	if a.whereabouts != nil {
		destination = a.whereabouts.Destination
	}
	question, err := decodeMove(body, destination)
	if err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, seen); err != nil {
		return out, err
	}
	if a.whereabouts == nil {
		return out, unavailable(errNoDirectory)
	}
	question.Caseloads, question.AtLeast = caller.Caseloads, seen
	found, err := a.whereabouts.MoveCheck(ctx, question)
	if err != nil {
		return out, moveFault(err)
	}
	out.body, err = json.Marshal(viewAt(a.clock()).MoveCheck(found.MoveCheck, found.LocationsAt, found.Position))
	out.etag, out.position = etagOf(out.body), formatPosition(found.Position)
	return out, err
}

// moveFault maps the errors of a check to refusals.
func moveFault(err error) error {
	var unknown whereabouts.UnknownPrisoners
	switch {
	case errors.Is(err, whereabouts.ErrUnknownPrison):
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Not found: no prison with this id has anybody in it")
	case errors.As(err, &unknown):
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Missing prisoners: Could not find the following prisoners: "+unknown.Error())
	}
	return unavailable(err)
}

// maxMoved is how many prisoners one check may be about.
const maxMoved = 30

// keyNumbers is the field of a list of prisoner numbers.
const keyNumbers = "prisonerNumbers"

// errPrison refuses what is no id of a prison.
var errPrison = errors.New("must be the id of a prison such as MDI")

// prisonOfStaff parses the id of a prison, which has three letters.
func prisonOfStaff(s string) (domain.PrisonID, error) {
	id, err := domain.ParsePrisonID(s)
	if err != nil || len(id) != 3 || id[0] < 'A' || id[1] < 'A' || id[2] < 'A' {
		return "", errPrison
	}
	return id, nil
}

// decodeMove reads the question of a check. destination parses a text about a prison, ""
// when the prison is not known.
func decodeMove(body *bytes.Buffer, destination func(domain.PrisonID, string) (domain.Destination, error)) (whereabouts.Question, error) {
	var q whereabouts.Question
	var prison strictjson.Field[domain.PrisonID]
	var location strictjson.Field[string]
	found, valid := strictjson.Absent, true
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) (err error) {
		switch name {
		case keyNumbers:
			q.Numbers, found, valid, err = readDifferent(d)
			return err
		case "prisonId":
			return strictjson.Text(d, &prison, prisonOfStaff)
		case "location":
			return strictjson.Text(d, &location, func(s string) (string, error) { return s, nil })
		}
		return d.Skip()
	}, func() {
		switch {
		case found == strictjson.Absent:
			d.Lacks(keyNumbers)
		case found == strictjson.Whole && valid && (len(q.Numbers) == 0 || len(q.Numbers) > maxMoved):
			d.FaultIn(keyNumbers, fmt.Sprintf("must be 1 to %d different prisoner numbers", maxMoved))
		}
		strictjson.Need(d, prison, "prisonId")
		if !location.Given {
			return // anywhere
		}
		var wrong error
		if q.To, wrong = destination(prison.Value, location.Value); wrong != nil {
			d.FaultIn("location", wrong.Error())
		}
	})
	q.Prison = prison.Value
	return q, d.Result(err)
}

// readDifferent reads an array of prisoner numbers without repeats. valid reports whether
// every element is one.
func readDifferent(d *strictjson.Decoder) (numbers []domain.PrisonerNumber, found strictjson.Presence, valid bool, err error) {
	known := map[domain.PrisonerNumber]bool{}
	valid = true
	found, err = d.Array(func() error {
		var f strictjson.Field[domain.PrisonerNumber]
		if err := strictjson.Text(d, &f, domain.ParsePrisonerNumber); err != nil {
			return err
		}
		if !f.Given && !f.Bad {
			d.Fault(domain.ErrPrisonerNumber.Error())
		}
		valid = valid && f.Given
		if f.Given && !known[f.Value] {
			known[f.Value] = true
			numbers = append(numbers, f.Value)
		}
		return nil
	})
	return numbers, found, valid, err
}
