package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// Whatever an error says, one of a closed set is what is left of it.
func TestEveryErrorIsReducedToAKindOfAClosedSet(t *testing.T) {
	_, unreachable := pgx.Connect(t.Context(), "postgres://u:p@127.0.0.1:1/x")
	require.Error(t, unreachable)
	for want, errs := range map[consumer.Kind][]error{
		"":                      {nil},
		consumer.CannotApply:    {&pgconn.PgError{Code: "23514"}, &pgconn.PgError{Code: "22P02"}},
		consumer.UnknownType:    {domain.ErrUnknownType("A1234BC")},
		consumer.OutOfOrder:     {eventstore.ErrNotWhole},
		consumer.PostgresAway:   {unreachable, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "53300"}},
		consumer.PostgresDenied: {&pgconn.PgError{Code: "42501"}, &pgconn.PgError{Code: "28P01"}},
		consumer.EventStoreAway: {eventstore.ErrUnavailable},
		consumer.LogChanged:     {&eventstore.Mismatch{}},
		consumer.TimedOut:       {context.DeadlineExceeded},
		consumer.NetworkAway:    {&net.OpError{Op: "dial", Err: errors.New("10.0.0.1")}},
		consumer.Other:          {errors.New("A1234BC"), &pgconn.PgError{Code: "42P01"}, &pgconn.PgError{}},
	} {
		for _, err := range errs {
			if err != nil {
				err = fmt.Errorf("He knows where A1234BC lives: %w", err)
			}
			require.Equal(t, want, consumer.KindOf(err), "%v", err)
			category := consumer.KindOf(err).Category()
			require.True(t, category == "" && err == nil || slices.Contains(consumer.Categories(), category), category)
		}
	}
}
