package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// NewestHead returns the newest signed head; nil before the first one. Errors are faults of
// the store.
type NewestHead func(ctx context.Context) (*shape.Head, error)

// asOfRoutes are the questions of auditors about the past.
func (a *API) asOfRoutes(mux *chi.Mux) {
	mux.Get("/audit/prisoner/{prisonerNumber}", a.authenticated(a.prisonerAsOf, roleAudit))
	mux.Get("/audit/pair/{prisonerNumber}/{otherPrisonerNumber}", a.authenticated(a.pairAsOf, roleAudit))
}

// prisonerAsOf answers with the records of a prisoner as they were. A removed number is
// taken as it was asked.
func (a *API) prisonerAsOf(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	question, p, err := a.askedAsOf(r)
	if err != nil {
		return response{}, err
	}
	question.Number = p.number(r, "prisonerNumber")
	if err := p.result(); err != nil {
		return response{}, err
	}
	return a.answerAsOf(ctx, question, func(reached uint64) ([]audit.RecordAsOf, error) {
		streams, err := a.streamsOf(ctx, question.Number, reached)
		if err != nil {
			return nil, err
		}
		return a.audit.AsOfPrisoner(ctx, streams, question.Number, question.At)
	})
}

// pairAsOf answers with the records of a pair as they were.
func (a *API) pairAsOf(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	question, p, err := a.askedAsOf(r)
	if err != nil {
		return response{}, err
	}
	one, other := p.number(r, "prisonerNumber"), p.number(r, "otherPrisonerNumber")
	if one != "" && other != "" {
		if question.Pair, err = domain.NewPair(one, other); err != nil {
			p.fault("otherPrisonerNumber", err.Error())
		}
	}
	if err := p.result(); err != nil {
		return response{}, err
	}
	return a.answerAsOf(ctx, question, func(uint64) ([]audit.RecordAsOf, error) {
		return a.audit.AsOfPair(ctx, question.Pair, question.At)
	})
}

// pathParameters collects the faults of the path together with those of the query.
type pathParameters struct{ *parameters }

// number parses a prisoner number in the path; "" when it is malformed.
func (p pathParameters) number(r *http.Request, name string) domain.PrisonerNumber {
	text, err := pathValue(r, name)
	if err != nil {
		p.fault(name, "is not a text")
		return ""
	}
	number, err := domain.ParsePrisonerNumber(text)
	if err != nil {
		p.fault(name, err.Error())
	}
	return number
}

// askedAsOf reads the times of a question.
func (a *API) askedAsOf(r *http.Request) (AsOfQuestion, pathParameters, error) {
	p, err := parametersOf(r.URL)
	if err != nil {
		return AsOfQuestion{}, pathParameters{}, invalidValue("query", "is not a query")
	}
	var texts [3]string
	for i, name := range []string{"trueAt", "knownAt", "toldAt"} {
		value, given := p.one(name)
		if given && value == "" {
			p.fault(name, audit.ErrMoment.Error())
		}
		texts[i] = value
	}
	at, err := audit.ParseMoments(texts[0], texts[1], texts[2], a.clock())
	for _, refused := range audit.MomentErrors(err) {
		p.fault(refused.Parameter, refused.Err.Error())
	}
	return AsOfQuestion{At: at}, pathParameters{p}, nil
}

// answerAsOf waits until the read model, which lists the streams, has reached the head, and
// answers from the log.
func (a *API) answerAsOf(ctx context.Context, question AsOfQuestion, read func(reached uint64) ([]audit.RecordAsOf, error)) (response, error) {
	reached, err := a.reachHead(ctx)
	if err != nil {
		return response{}, err
	}
	records, err := read(reached)
	if err != nil {
		return response{}, err
	}
	var head *shape.Head
	if a.newestHead != nil {
		if head, err = a.newestHead(ctx); err != nil {
			return response{}, unavailable(err)
		}
	}
	body, err := AsOfAnswer(question, records, reached, head, a.clock().Location())
	return response{status: http.StatusOK, position: formatPosition(reached), body: body}, err
}

// AsOfQuestion is what is asked about the past: a number, or a pair when Number is "".
type AsOfQuestion struct {
	Number domain.PrisonerNumber
	Pair   domain.Pair
	At     audit.Moments
}

// AsOfAnswer returns the JSON of the answer, whoever read the records: the same values are
// always the same text. head may be nil.
func AsOfAnswer(question AsOfQuestion, records []audit.RecordAsOf, position uint64, head *shape.Head, london *time.Location) ([]byte, error) {
	at := question.At
	answer := shape.AsOf{
		TrueAt: shape.Recorded(at.True.At, london), KnownAt: shape.Recorded(at.Known.At, london),
		Position: position, Head: head, NonAssociations: make([]shape.RecordAsOf, len(records)),
	}
	if question.Number != "" {
		answer.PrisonerNumber = &question.Number
	} else {
		numbers := question.Pair.Numbers()
		answer.Pair = &numbers
	}
	if at.Told != nil {
		told := shape.Recorded(at.Told.At, london)
		answer.ToldAt = &told
	}
	view := shape.View{Today: domain.Today(at.True.At.In(london)), London: london}
	for i, r := range records {
		answer.NonAssociations[i] = recordAsOf(view, r)
	}
	return json.Marshal(answer, json.Deterministic(true))
}

// recordAsOf returns a record as the answer shows it.
func recordAsOf(view shape.View, r audit.RecordAsOf) shape.RecordAsOf {
	of := shape.RecordAsOf{
		FullRecord: view.FullRecord(r.Pair, r.NonAssociation), PrisonerNumbers: r.Pair.Numbers(), State: string(r.State),
		LastFact: shape.LastFact{
			EventID: r.LastFact.ID, RecordedAt: shape.Recorded(r.LastFact.RecordedAt, view.London),
			Actor: r.LastFact.Meta.Actor, Source: r.LastFact.Meta.Source,
		},
	}
	if r.Deleted != nil {
		of.Deleted = view.DeletedAsOf(r.Deleted.At, r.Deleted.By, r.Deleted.Reason)
	}
	if r.MovedTo != nil {
		numbers := r.MovedTo.Numbers()
		of.MovedTo = &numbers
	}
	if r.NOMIS != nil {
		of.NOMIS = &shape.HeldAsOf{}
		if !r.NOMIS.Nothing() {
			of.NOMIS.Detail = shape.NewHeldDetail(r.NOMIS.Pair, r.NOMIS.Values, r.NOMIS.TypeSequence)
		}
		if !r.NOMIS.Since.IsZero() {
			since := shape.Recorded(r.NOMIS.Since, view.London)
			of.NOMIS.Since = &since
		}
	}
	return of
}
