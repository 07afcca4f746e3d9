package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Prisons tells what is known of prisons beside the facts of the switch-over.
// Implementations are safe for concurrent use.
type Prisons interface {
	// Known returns the prisons that the directory gave for a prisoner with a live
	// record, in any order.
	Known(ctx context.Context) ([]domain.PrisonID, error)
	// Details returns what is known of prisons. What it returns beside an error is valid,
	// and a prison that is missing is not known.
	Details(ctx context.Context, ids []domain.PrisonID) (map[domain.PrisonID]shape.PrisonDetails, error)
}

// switchOverRoutes are the calls of the switch-over.
func (a *API) switchOverRoutes(mux *chi.Mux) {
	mux.Get("/nomis/switch-over", a.authenticated(a.switchOver, roleAdmin))
	mux.Get("/nomis/switch-over/history", a.authenticated(a.switchOverHistory, roleAdmin))
	mux.Put("/nomis/switch-over/prisons/{prisonId}", a.operator(a.stagePrison))
	mux.Put("/nomis/switch-over/prisons/{prisonId}/announcement", a.operator(a.announcePrison))
	mux.Put("/nomis/switch-over/inbound", a.operator(a.switchInbound))
	mux.Put("/nomis/switch-over/outbound", a.operator(a.switchOutbound))
	mux.Put("/nomis/legacy", a.operator(a.switchLegacy))
}

// operator is the middleware of the changes that operators make: the token needs the
// role and the scope write.
func (a *API) operator(do endpoint) http.HandlerFunc {
	return a.authenticated(func(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
		if !by.HasScope(scopeWrite) {
			return response{}, withoutScope()
		}
		out, err := do(ctx, r, by)
		out.written = true
		return out, err
	}, roleAdmin)
}

// switchOver answers with the state of the switch-over, read from the log.
func (a *API) switchOver(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out, err := a.reachLog(ctx, r)
	if err != nil {
		return out, err
	}
	state, err := a.commands.SwitchOver(ctx)
	if err != nil {
		return out, err
	}
	out.body, err = a.switchOverBody(ctx, state)
	out.etag = etagOf(out.body)
	return out, err
}

// switchOverHistory answers with the facts of the switch-over, oldest first.
func (a *API) switchOverHistory(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out, err := a.reachLog(ctx, r)
	if err != nil {
		return out, err
	}
	entries, err := a.audit.OfSwitchOver(ctx)
	if err != nil {
		return out, err
	}
	history := make([]shape.SwitchOverEntry, len(entries))
	for i, e := range entries {
		history[i] = shape.NewSwitchOverEntry(a.clock().Location(), shape.RecordedFact{
			Fact: e.Fact.Fact, Type: e.Fact.Type, RecordedAt: e.Fact.RecordedAt, Revision: e.Fact.Revision, Position: e.Position(),
		})
	}
	out.body, err = json.Marshal(history)
	out.etag = etagOf(out.body)
	return out, err
}

// reachLog returns the response to a read of the log, with a position that the read
// reflects. It waits for atLeast as every read does.
func (a *API) reachLog(ctx context.Context, r *http.Request) (response, error) {
	out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
	least, err := atLeast(r.URL)
	if err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	head, err := a.head(ctx)
	if err != nil {
		return out, unavailable(err)
	}
	out.position = formatPosition(max(head, least))
	return out, nil
}

// stagePrison moves a prison to a stage, and answers with its entry.
func (a *API) stagePrison(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	return a.changePrison(ctx, r, by, func(body *bytes.Buffer, id domain.PrisonID) (domain.SwitchOverCommand, error) {
		return decodeStaging(body, id)
	})
}

// announcePrison tells the staff of a prison, and answers with its entry.
func (a *API) announcePrison(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	return a.changePrison(ctx, r, by, func(body *bytes.Buffer, id domain.PrisonID) (domain.SwitchOverCommand, error) {
		return decodeAnnouncement(body, id)
	})
}

// changePrison runs a command on the prison of the path.
func (a *API) changePrison(
	ctx context.Context, r *http.Request, by auth.Claims, decode func(*bytes.Buffer, domain.PrisonID) (domain.SwitchOverCommand, error),
) (response, error) {
	id, err := pathPrison(r)
	if err != nil {
		return response{}, err
	}
	receipt, out, err := a.changeSwitchOver(ctx, r, by, func(body *bytes.Buffer) (domain.SwitchOverCommand, error) {
		return decode(body, id)
	})
	if err != nil {
		return out, err
	}
	out.body, err = json.Marshal(a.prisonEntries(ctx, receipt.SwitchOver, []domain.PrisonID{id})[0])
	return out, err
}

// switchInbound ends or resumes what NOMIS may change here. All prisons that are known
// go along with a command that ends it: the rules refuse it while one is not at DPS.
func (a *API) switchInbound(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	return a.change(ctx, r, by, func(body *bytes.Buffer) (domain.SwitchOverCommand, error) {
		command, err := decodeInbound(body)
		if err == nil && !command.On && !command.Force {
			command.Given, err = a.knownPrisons(ctx)
		}
		return command, err
	})
}

// switchOutbound ends or resumes what is written to NOMIS.
func (a *API) switchOutbound(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	return a.change(ctx, r, by, func(body *bytes.Buffer) (domain.SwitchOverCommand, error) { return decodeOutbound(body) })
}

// switchLegacy ends or resumes the legacy list.
func (a *API) switchLegacy(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	return a.change(ctx, r, by, func(body *bytes.Buffer) (domain.SwitchOverCommand, error) { return decodeLegacy(body) })
}

// change runs a command and answers with the whole state.
func (a *API) change(
	ctx context.Context, r *http.Request, by auth.Claims, decode func(*bytes.Buffer) (domain.SwitchOverCommand, error),
) (response, error) {
	receipt, out, err := a.changeSwitchOver(ctx, r, by, decode)
	if err != nil {
		return out, err
	}
	out.body, err = a.switchOverBody(ctx, receipt.SwitchOver)
	return out, err
}

// changeSwitchOver runs the command of a body. The response has no body yet.
func (a *API) changeSwitchOver(
	ctx context.Context, r *http.Request, by auth.Claims, decode func(*bytes.Buffer) (domain.SwitchOverCommand, error),
) (commands.SwitchOverReceipt, response, error) {
	body, err := readJSON(r)
	if err != nil {
		return commands.SwitchOverReceipt{}, response{}, err
	}
	command, err := decode(body)
	if err != nil {
		return commands.SwitchOverReceipt{}, response{}, err
	}
	receipt, err := a.commands.ChangeSwitchOver(ctx, a.cause(r, by, domain.DPS), command)
	if err != nil {
		return receipt, response{}, err
	}
	return receipt, response{status: http.StatusOK, position: formatPosition(receipt.Position.Uint64())}, nil
}

// switchOverBody returns a state with the entries of all known prisons and of those with
// an announcement. Errors: a 503 when the known prisons cannot be listed.
func (a *API) switchOverBody(ctx context.Context, state domain.SwitchOver) ([]byte, error) {
	given, err := a.knownPrisons(ctx)
	if err != nil {
		return nil, err
	}
	shown := slices.Clone(given)
	for _, p := range state.Prisons {
		shown = append(shown, p.ID)
	}
	prisons := a.prisonEntries(ctx, state, state.Known(shown))
	return json.Marshal(shape.NewSwitchOver(a.clock(), state, prisons))
}

// knownPrisons returns the known prisons beside those that were ever staged.
func (a *API) knownPrisons(ctx context.Context) ([]domain.PrisonID, error) {
	if a.prisons == nil {
		return nil, nil
	}
	given, err := a.prisons.Known(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return given, nil
}

// prisonEntries returns the entries of prisons. Details that cannot be had are null: the
// stages are answered all the same.
func (a *API) prisonEntries(ctx context.Context, state domain.SwitchOver, ids []domain.PrisonID) []shape.Prison {
	var details map[domain.PrisonID]shape.PrisonDetails
	if a.prisons != nil {
		var err error
		if details, err = a.prisons.Details(ctx, ids); err != nil {
			a.logger.WarnContext(ctx, "answer without the details of prisons", "error", err)
		}
	}
	entries := make([]shape.Prison, len(ids))
	for i, id := range ids {
		entries[i] = shape.NewPrison(a.clock().Location(), state.Prison(id), details[id])
	}
	return entries
}
