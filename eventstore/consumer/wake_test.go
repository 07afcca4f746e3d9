package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/consumer"
)

// leaseCounter tells of every Holds.
type leaseCounter struct {
	*tableHandler

	held chan struct{}
}

func (h leaseCounter) CheckLease(ctx context.Context, conn *pgx.Conn) error {
	h.held <- struct{}{}
	return h.tableHandler.CheckLease(ctx, conn)
}

func TestHandler_thatAsksForItIsHeldAtOnce(t *testing.T) {
	b, wake, noon := newFixture(t), make(chan struct{}, 1), time.Now()
	h := leaseCounter{&tableHandler{}, make(chan struct{})}
	f := consumer.New(consumer.Options{
		Name: "test", DSN: b.dsn, Store: b.log, Prefixes: []string{"ours-"}, Logger: discard, Wake: wake,
		Clock: func() time.Time { return noon }, // so that nothing is held for its age
	}, h)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	for range 3 {
		wake <- struct{}{}
		<-h.held
	}
	stop()
	require.NoError(t, <-ended)
}
