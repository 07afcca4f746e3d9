package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Queues are the queues that operators see. [nomis.Queues] implements it and has the
// contract of each method. An error other than [nomis.ErrUnknownQueue] means that SQS or
// Postgres does not answer, and that repeating is safe.
type Queues interface {
	RetryDLQ(ctx context.Context, name string) (found int, err error)
	RetryAll(ctx context.Context) (found []int, err error)
	Purge(ctx context.Context, name string, order nomis.PurgeOrder) (removed int, err error)
	DLQMessages(ctx context.Context, name string, most int) (nomis.DeadLetters, error)
}

// queueAdmin adds the routes of the queues, at the paths where the services of the
// department have theirs.
func (a *API) queueAdmin(mux *chi.Mux) {
	mux.Put("/queue-admin/retry-dlq/{dlq}", a.administers(a.retryDLQ))
	mux.Put("/queue-admin/retry-all-dlqs", a.administers(a.retryAllDLQs))
	mux.Put("/queue-admin/purge-queue/{queue}", a.administers(a.purgeQueue))
	mux.Get("/queue-admin/get-dlq-messages/{dlq}", a.authenticated(a.dlqMessages, roleAdmin))
}

// administers is the middleware of changes by operators: the token needs their role and
// the scope write.
func (a *API) administers(do endpoint) http.HandlerFunc {
	return a.authenticated(func(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
		if !by.HasScope(scopeWrite) {
			return response{}, withoutScope()
		}
		return do(ctx, r, by)
	}, roleAdmin)
}

// retryDLQ returns the messages of a dead-letter queue to their queue.
func (a *API) retryDLQ(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	name, err := pathValue(r, "dlq")
	if err != nil {
		return response{}, err
	}
	found, err := a.queues.RetryDLQ(ctx, name)
	if err != nil {
		return response{}, refusedQueue(err)
	}
	return jsonResponse(shape.MessagesFound{MessagesFoundCount: found})
}

// retryAllDLQs returns the messages of all dead-letter queues.
func (a *API) retryAllDLQs(ctx context.Context, _ *http.Request, _ auth.Claims) (response, error) {
	found, err := a.queues.RetryAll(ctx)
	if err != nil {
		return response{}, refusedQueue(err)
	}
	counts := make([]shape.MessagesFound, len(found))
	for i, n := range found {
		counts[i].MessagesFoundCount = n
	}
	return jsonResponse(counts)
}

// purgeQueue removes the messages of a queue, for a reason.
func (a *API) purgeQueue(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	name, err := pathValue(r, "queue")
	if err != nil {
		return response{}, err
	}
	given, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	reason, _ := given.one("reason")
	if reason, err = prose(reason); err != nil && given.result() == nil {
		given.fault("reason", err.Error())
	}
	if err := given.result(); err != nil {
		return response{}, err
	}
	removed, err := a.queues.Purge(ctx, name, nomis.PurgeOrder{Reason: reason, By: by.User, At: a.clock()})
	if err != nil {
		return response{}, refusedQueue(err)
	}
	return jsonResponse(shape.MessagesFound{MessagesFoundCount: removed})
}

// How many dead letters are returned by default and at most.
const (
	usualDeadLetters = 100
	mostDeadLetters  = 1000
)

// dlqMessages answers with the messages of a dead-letter queue.
func (a *API) dlqMessages(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	name, err := pathValue(r, "dlq")
	if err != nil {
		return response{}, err
	}
	given, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	most := given.number("maxMessages", 1, mostDeadLetters, usualDeadLetters)
	if err := given.result(); err != nil {
		return response{}, err
	}
	letters, err := a.queues.DLQMessages(ctx, name, int(most))
	if err != nil {
		return response{}, refusedQueue(err)
	}
	answer := shape.DeadLetters{MessagesFoundCount: letters.Found, MessagesReturnedCount: len(letters.Messages), Messages: []shape.DeadLetter{}}
	for _, letter := range letters.Messages {
		answer.Messages = append(answer.Messages, shape.DeadLetter{Body: bodyOf(letter.Body), MessageID: letter.ID})
	}
	return jsonResponse(answer)
}

// bodyOf returns the body of a message as JSON: itself, or as a text when it is not
// JSON.
func bodyOf(text string) jsontext.Value {
	if body := jsontext.Value(text); body.IsValid() {
		return body
	}
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil {
		panic("a text is not JSON: " + err.Error()) // a bug: it is valid UTF-8
	}
	return quoted
}

// refusedQueue maps an error of a queue to its problem.
func refusedQueue(err error) error {
	if errors.Is(err, nomis.ErrUnknownQueue) {
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Not found: no such queue")
	}
	return unavailable(err)
}

// jsonResponse returns a 200 with a value as JSON.
func jsonResponse(value any) (response, error) {
	body, err := json.Marshal(value)
	return response{status: http.StatusOK, body: body}, err
}
