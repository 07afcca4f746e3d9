package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Dossiers tell what is known of pairs and NOMIS, and take the turns that people ask for.
// [nomis.Dossiers] implements it and has the contract of each method.
type Dossiers interface {
	Dossier(ctx context.Context, pair domain.Pair) (nomis.Dossier, error)
	Synchronise(ctx context.Context, pair domain.Pair, dryRun bool) (nomis.Synchronised, error)
}

const pathDossier = "/nomis/pairs/{firstPrisonerNumber}/{secondPrisonerNumber}"

// dossierRoutes are the calls about a pair and NOMIS.
func (a *API) dossierRoutes(mux *chi.Mux) {
	mux.Get(pathDossier, a.authenticated(a.dossier, roleAdmin))
	mux.Post(pathDossier+"/synchronise", a.operator(a.synchronise))
}

// dossier answers with all that is known of a pair.
func (a *API) dossier(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	pair, err := pathPair(r)
	if err != nil {
		return response{}, err
	}
	if a.dossiers == nil {
		return response{}, noNOMIS()
	}
	reached, err := a.reachHead(ctx)
	if err != nil {
		return response{}, err
	}
	out := response{position: formatPosition(reached)}
	if err := a.pairStands(ctx, r, pair, reached); err != nil {
		return out, err
	}
	found, err := a.dossiers.Dossier(ctx, pair)
	if err != nil {
		return out, err
	}
	shown, err := a.dossierOf(ctx, found)
	if err != nil {
		return out, err
	}
	answer, err := sortedResponse(shown)
	answer.position = out.position
	return answer, err
}

// synchronise takes the turn of a pair. It takes a removed number as it was asked: what
// NOMIS still has under it is to be brought in step too.
func (a *API) synchronise(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	pair, err := pathPair(r)
	if err != nil {
		return response{}, err
	}
	p, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	dryRun := p.flag("dryRun", false)
	if err := p.result(); err != nil {
		return response{}, err
	}
	if a.dossiers == nil {
		return response{}, noNOMIS()
	}
	done, err := a.dossiers.Synchronise(ctx, pair, dryRun)
	if err != nil {
		return response{}, refusedTurn(err)
	}
	shown, err := a.dossierOf(ctx, done.Dossier)
	if err != nil {
		return response{}, err
	}
	return sortedResponse(shape.Synchronised{Steps: mapped(done.Steps, stepOf), Dossier: shown})
}

// sortedResponse is a response with the keys of every map in order, so that the same value
// is always the same text.
func sortedResponse(value any) (response, error) {
	body, err := json.Marshal(value, json.Deterministic(true))
	return response{status: http.StatusOK, body: body}, err
}

// refusedTurn maps the errors of a turn to their statuses.
func refusedTurn(err error) error {
	var not *nomis.NotNowError
	var refusal domain.Refusal
	switch {
	case errors.As(err, &not):
		return notNow(not.Why, err)
	case errors.As(err, &refusal):
		return plain(http.StatusConflict, "The record refuses what NOMIS holds: "+refusal.Message+".")
	}
	return err
}

// pairStands returns the redirect for a pair with a removed number that has no live record,
// otherwise nil. Two numbers of one prisoner are no pair, so they are shown as asked.
func (a *API) pairStands(ctx context.Context, r *http.Request, pair domain.Pair, reached uint64) error {
	one, err := pathNumber(r, "firstPrisonerNumber")
	if err != nil {
		return err
	}
	numbers := [2]domain.PrisonerNumber{one, pair.Other(one)}
	var moved *problem
	for i, number := range numbers {
		list, err := a.reads.List(ctx, number, reached)
		if err != nil {
			return unavailable(err)
		}
		if list.Survivor == "" {
			continue
		}
		numbers[i] = list.Survivor
		if moved == nil {
			p := movedReply(r, number, list.Survivor)
			moved = &p
		}
	}
	if moved == nil || numbers[0] == numbers[1] {
		return nil
	}
	moved.location = "/nomis/pairs/" + string(numbers[0]) + "/" + string(numbers[1])
	if r.URL.RawQuery != "" {
		moved.location += "?" + inASCII(r.URL.RawQuery)
	}
	return *moved
}
