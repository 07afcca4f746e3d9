package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// sync records a change made in NOMIS.
func (a *API) sync(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	out, _, err := a.syncOrMigrate(ctx, r, by, domain.NOMIS)
	return out, err
}

// migrate records old data of NOMIS. It answers 201 when some of it was new.
func (a *API) migrate(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	out, results, err := a.syncOrMigrate(ctx, r, by, domain.Migration)
	for _, result := range results {
		if result.Outcome == domain.Created {
			out.status = http.StatusCreated
		}
	}
	return out, err
}

// syncOrMigrate validates the whole request before anything is stored, and then
// writes pair by pair. The results are in the order of the items.
func (a *API) syncOrMigrate(ctx context.Context, r *http.Request, by auth.Claims, source domain.Source) (response, []shape.SyncResult, error) {
	body, err := readJSON(r)
	if err != nil {
		return response{}, nil, err
	}
	said, err := decodeSyncRequest(body)
	if err != nil {
		return response{}, nil, err
	}
	tells, places := byPair(said)
	cause := a.cause(r, by, source)
	cause.About = said.prisonerNumber
	answer, err := a.commands.Sync(ctx, cause, tells)
	if err != nil {
		return response{}, nil, err
	}
	results := make([]shape.SyncResult, len(said.items))
	for i, place := range places {
		outcome := answer.Outcomes[place.sync][place.item]
		results[i] = shape.SyncResult{
			NonAssociationID: outcome.NonAssociationID, PrisonerNumber: said.items[i].other,
			Outcome: outcome.Kind, Reason: outcome.Reason,
		}
	}
	position := answer.Position.Uint64()
	text, err := json.Marshal(shape.SyncResponse{PrisonerNumber: said.prisonerNumber, Results: results, Position: position})
	return response{status: http.StatusOK, body: text, position: formatPosition(position)}, results, err
}

// cause returns the cause of a request's facts, with a new command id. Without a
// correlation id of the caller the command id is the correlation.
func (a *API) cause(r *http.Request, by auth.Claims, source domain.Source) domain.Cause {
	id := a.newID()
	cause := domain.Cause{CommandID: id, CorrelationID: id, CausationID: id, Actor: by.User, Source: source}
	if given, err := parseID(correlation(r)); err == nil {
		cause.CorrelationID = given
	}
	return cause
}

// itemIndex is where the outcome of an item is in the result.
type itemIndex struct{ sync, item int }

// byPair groups the items of a request by pair, keeping their order.
func byPair(s syncRequest) ([]commands.PairSync, []itemIndex) {
	tells := make([]commands.PairSync, 0, len(s.items))
	places := make([]itemIndex, len(s.items))
	known := make(map[domain.Pair]int, len(s.items))
	for i, item := range s.items {
		tell, is := known[item.pair]
		if !is {
			tell = len(tells)
			known[item.pair] = tell
			tells = append(tells, commands.PairSync{Pair: item.pair, Sync: domain.Sync{About: s.prisonerNumber}})
		}
		told := &tells[tell].Sync
		places[i] = itemIndex{tell, len(told.Items)}
		told.Items = append(told.Items, item.Item)
	}
	return tells, places
}
