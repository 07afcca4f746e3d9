package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/cmd/internal/past"
	"nonassociations/eventstore"
	"nonassociations/web/screens/store"
)

// Shown is an answer of the API that was shown again.
type Shown struct {
	Status int
	Body   []byte // JSON; empty where the API answers without a body
}

// ShowGet answers a read of records from the log up to a position, at a time in London.
// progress, if set, is called after each thousand facts. Errors are sentences for an
// operator.
func ShowGet(ctx context.Context, o Options, path string, position uint64, at time.Time, progress func(facts int, at eventstore.Position)) (shown Shown, err error) {
	log, err := openLogToRead(ctx, o)
	if err != nil {
		return shown, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	service, err := past.Open(ctx, log, past.Options{Position: position, At: at, Progress: progress})
	if err != nil {
		return shown, err
	}
	shown.Status, shown.Body, err = service.Get(ctx, path)
	return shown, err
}

// ErrUnknownRequest means that no page was recorded under a request id.
var ErrUnknownRequest = errors.New("no page was shown under this request id")

// ShowRequest draws the page again that a request was answered with, from the log up to the
// position that it showed. Errors: ErrUnknownRequest, a *screens.NotAgainError, and sentences
// for an operator.
func ShowRequest(ctx context.Context, o Options, id uuid.UUID, progress func(facts int, at eventstore.Position)) (page []byte, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfShowing)); err != nil {
		return nil, err
	}
	views, err := store.Open(ctx, o.Config.DatabaseURL, nil)
	if err != nil {
		return nil, err
	}
	defer views.Close()
	view, err := views.ViewOfRequest(ctx, id)
	if errors.Is(err, store.ErrNone) {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRequest, id)
	}
	if err != nil {
		return nil, err
	}
	if err := past.CheckView(view); err != nil {
		return nil, err
	}
	log, err := openLogToRead(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	at := view.At.In(o.Clock().Location())
	service, err := past.Open(ctx, log, past.Options{Position: view.Position, At: at, Progress: progress})
	if err != nil {
		return nil, err
	}
	return service.Page(ctx, view, Version())
}
