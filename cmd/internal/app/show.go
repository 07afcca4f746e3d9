package app

import (
	"context"
	"errors"
	"time"

	"nonassociations/cmd/internal/past"
	"nonassociations/eventstore"
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
