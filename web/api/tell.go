package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/auth"
)

// told is the answer to sync and migrate.
type told struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	Results        []result              `json:"results"`
	Position       uint64                `json:"position"`
}

// result is what became of one item; its prisoner is the other one.
type result struct {
	NonAssociationID uuid.UUID             `json:"nonAssociationId"`
	PrisonerNumber   domain.PrisonerNumber `json:"prisonerNumber"`
	Outcome          domain.OutcomeKind    `json:"outcome"`
	Reason           domain.IgnoreReason   `json:"reason,omitempty"`
}

// sync takes over a change in NOMIS.
func (a *API) sync(ctx context.Context, r *http.Request, by auth.Claims) (reply, error) {
	out, _, err := a.tell(ctx, r, by, domain.NOMIS)
	return out, err
}

// migrate takes over old data; 201 says that some of it was new.
func (a *API) migrate(ctx context.Context, r *http.Request, by auth.Claims) (reply, error) {
	out, results, err := a.tell(ctx, r, by, domain.Migration)
	for _, result := range results {
		if result.Outcome == domain.Created {
			out.status = http.StatusCreated
		}
	}
	return out, err
}

func (a *API) tell(ctx context.Context, r *http.Request, by auth.Claims, source domain.Source) (reply, []result, error) {
	body, err := readJSON(r)
	if err != nil {
		return reply{}, nil, err
	}
	said, err := decodeSaid(body)
	if err != nil {
		return reply{}, nil, err
	}
	tells, places := byPair(said)
	cause := a.cause(r, by, source)
	cause.About = said.prisonerNumber
	answer, err := a.commands.Tell(ctx, cause, tells)
	if err != nil {
		return reply{}, nil, err
	}
	results := make([]result, len(said.items))
	for i, place := range places {
		outcome := answer.Outcomes[place.tell][place.item]
		results[i] = result{
			NonAssociationID: outcome.NonAssociationID, PrisonerNumber: said.items[i].other,
			Outcome: outcome.Kind, Reason: outcome.Reason,
		}
	}
	position := answer.Position.Outside()
	text, err := json.Marshal(told{said.prisonerNumber, results, position})
	return reply{status: http.StatusOK, body: text, position: formatPosition(position)}, results, err
}

// cause gives a request its command id. A request without a correlation of its
// own is the beginning of one.
func (a *API) cause(r *http.Request, by auth.Claims, source domain.Source) domain.Cause {
	id := a.newID()
	cause := domain.Cause{CommandID: id, CorrelationID: id, CausationID: id, Actor: by.User, Source: source}
	if given, err := parseID(correlation(r)); err == nil {
		cause.CorrelationID = given
	}
	return cause
}

// place says where the answer to an item is.
type place struct{ tell, item int }

// byPair groups the items of a request by pair, each in the request's order.
func byPair(s said) ([]commands.PairTell, []place) {
	tells := make([]commands.PairTell, 0, len(s.items))
	places := make([]place, len(s.items))
	known := make(map[domain.Pair]int, len(s.items))
	for i, item := range s.items {
		tell, is := known[item.pair]
		if !is {
			tell = len(tells)
			known[item.pair] = tell
			tells = append(tells, commands.PairTell{Pair: item.pair, Tell: domain.Tell{About: s.prisonerNumber}})
		}
		told := &tells[tell].Tell
		places[i] = place{tell, len(told.Items)}
		told.Items = append(told.Items, item.Item)
	}
	return tells, places
}
