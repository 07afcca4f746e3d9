package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

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
	request, err := decodeSyncRequest(body)
	if err != nil {
		return response{}, nil, err
	}
	syncs, indexes := byPair(request)
	cause := a.cause(r, by, source)
	cause.About = request.prisonerNumber
	answer, err := a.commands.Sync(ctx, cause, syncs)
	if err != nil {
		return response{}, nil, err
	}
	results := make([]shape.SyncResult, len(request.items))
	for i, at := range indexes {
		outcome := answer.Outcomes[at.sync][at.item]
		results[i] = shape.SyncResult{
			PrisonerNumber: request.items[i].other, Outcome: outcome.Kind, Reason: outcome.Reason,
		}
		if outcome.NonAssociationID != uuid.Nil {
			results[i].NonAssociationID = &outcome.NonAssociationID
		}
	}
	position := answer.Position.Uint64()
	text, err := json.Marshal(shape.SyncResponse{PrisonerNumber: request.prisonerNumber, Results: results, Position: position})
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
	syncs := make([]commands.PairSync, 0, len(s.items))
	indexes := make([]itemIndex, len(s.items))
	known := make(map[domain.Pair]int, len(s.items))
	for i, item := range s.items {
		at, is := known[item.pair]
		if !is {
			at = len(syncs)
			known[item.pair] = at
			syncs = append(syncs, commands.PairSync{Pair: item.pair, Sync: domain.Sync{About: s.prisonerNumber}})
		}
		sync := &syncs[at].Sync
		indexes[i] = itemIndex{at, len(sync.Items)}
		sync.Items = append(sync.Items, item.Item)
	}
	return syncs, indexes
}
