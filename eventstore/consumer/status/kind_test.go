package status_test

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
	"nonassociations/eventstore/consumer/status"
)

// Whatever an error says, one of a closed set is what is left of it.
func TestError_isReducedToAKindOfAClosedSet(t *testing.T) {
	_, unreachable := pgx.Connect(t.Context(), "postgres://u:p@127.0.0.1:1/x")
	require.Error(t, unreachable)
	for want, errs := range map[status.Kind][]error{
		"":                    {nil},
		status.CannotApply:    {&pgconn.PgError{Code: "23514"}, &pgconn.PgError{Code: "22P02"}},
		status.UnknownType:    {domain.ErrUnknownType("A1234BC")},
		status.OutOfOrder:     {eventstore.ErrNotWhole},
		status.PostgresAway:   {unreachable, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "53300"}},
		status.PostgresDenied: {&pgconn.PgError{Code: "42501"}, &pgconn.PgError{Code: "28P01"}},
		status.EventStoreAway: {eventstore.ErrUnavailable},
		status.LogChanged:     {&eventstore.Mismatch{}},
		status.TimedOut:       {context.DeadlineExceeded},
		status.NetworkAway:    {&net.OpError{Op: "dial", Err: errors.New("10.0.0.1")}},
		status.Other:          {errors.New("A1234BC"), &pgconn.PgError{Code: "42P01"}, &pgconn.PgError{}},
	} {
		for _, err := range errs {
			if err != nil {
				err = fmt.Errorf("He knows where A1234BC lives: %w", err)
			}
			require.Equal(t, want, status.KindOf(err), "%v", err)
			category := status.KindOf(err).Category()
			require.True(t, category == "" && err == nil || slices.Contains(status.Categories(), category), category)
		}
	}
}
