package consumer_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore/consumer"
)

var discard = slog.New(slog.DiscardHandler)

// refusingHandler is a handler of another log.
type refusingHandler struct{ *tableHandler }

func (refusingHandler) Check(context.Context, *pgx.Conn) error {
	return fmt.Errorf("%w: it is another one", consumer.ErrRefused)
}
