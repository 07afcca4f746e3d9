package outage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/queries"
	"nonassociations/web/outage"
)

func TestPasses_whatIsRepeatedMaySucceed(t *testing.T) {
	for _, passing := range []error{
		commands.ErrBusy, audit.ErrUnavailable, queries.ErrNotCaughtUp, queries.ErrBehind, queries.ErrTooManyWaiters, queries.ErrAway, context.Canceled, context.DeadlineExceeded,
	} {
		require.True(t, outage.Passes(fmt.Errorf("do something: %w", passing)), passing)
	}
	for _, other := range []error{commands.ErrNotPermitted, commands.ErrOtherRequest, errors.New("a fault"), nil} {
		require.False(t, outage.Passes(other), other)
	}
}
