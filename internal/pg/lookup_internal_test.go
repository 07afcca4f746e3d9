package pg

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// deaf is a connection to a name server that takes questions and answers none, however
// long the caller says it waits.
type deaf struct {
	net.Conn
	asked chan<- struct{}
}

func (d deaf) Write(b []byte) (int, error) {
	d.asked <- struct{}{}
	return len(b), nil
}

func (d deaf) SetDeadline(time.Time) error { return nil }

// The end of a process must not wait for a name server: the driver's own lookup does.
func TestEveryLookup_endsWithItsContext(t *testing.T) {
	asked := make(chan struct{}, 100)
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	usual := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = usual })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return deaf{here, asked}, nil
	}}
	pool, err := ParsePool("postgres://h/d", 1, ConnectTime)
	require.NoError(t, err)
	conn, err := ParseConn("postgres://h/d", ConnectTime)
	require.NoError(t, err)
	for kind, find := range map[string]pgconn.LookupFunc{"pool": pool.ConnConfig.LookupFunc, "connection": conn.LookupFunc} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := find(ctx, kind+".test")
			ended <- err
		}()
		<-asked
		cancel()
		select {
		case err := <-ended:
			require.ErrorIs(t, err, context.Canceled, kind)
		case <-time.After(10 * time.Second):
			require.Fail(t, "the lookup waits for the name server", kind)
		}
	}
}

func TestLookup_findsTheAddressesOfAHost(t *testing.T) {
	find := lookup(net.DefaultResolver)
	found, err := find(t.Context(), "localhost")
	require.NoError(t, err)
	require.Contains(t, found, "127.0.0.1")
	_, err = find(t.Context(), "")
	require.Error(t, err)
}
