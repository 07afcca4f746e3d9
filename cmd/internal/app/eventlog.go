package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdb"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/postgres"
)

// openedLog is a log together with everything that must be closed with it, such as the
// embedded server in front of it. Every call is refused while another log stands at the
// address (eventstore.Verified).
type openedLog struct {
	*eventstore.Verified
	closers
}

// Close closes all parts, the last opened first, and returns the first error.
func (o *openedLog) Close(ctx context.Context) error { return o.close(ctx) }

// openLog opens the event store at EVENTSTORE_URL. The store need not be reachable yet.
// scratch is a folder for the socket of an embedded log, "" for a temporary one.
func openLog(ctx context.Context, config Config, scratch string, logger *slog.Logger) (*openedLog, error) {
	if config.EventStoreURL == Embedded {
		return openEmbedded(ctx, config.DatabaseURL, scratch, logger)
	}
	if dsn := config.logDSN(); dsn != "" {
		return openPostgres(ctx, dsn, logger)
	}
	return openClient(ctx, config.EventStoreURL, esdb.Options{Logger: logger})
}

func openPostgres(ctx context.Context, dsn string, logger *slog.Logger) (*openedLog, error) {
	store, err := postgres.Open(ctx, dsn, postgres.Options{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("open the log in Postgres: %w", err)
	}
	return &openedLog{Verified: eventstore.Verify(store), closers: closers{store.Close}}, nil
}

func openClient(ctx context.Context, address string, options esdb.Options) (*openedLog, error) {
	store, err := esdb.Open(ctx, address, options)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return &openedLog{Verified: eventstore.Verify(store), closers: closers{store.Close}}, nil
}

// openEmbedded serves the log in Postgres to this process alone, by the protocol of
// EventStoreDB on a unix socket. Development thereby runs the client that production
// uses. The socket lies in a folder that no other user may enter, so it needs no
// password.
func openEmbedded(ctx context.Context, dsn, scratch string, logger *slog.Logger) (*openedLog, error) {
	served, err := postgres.Open(ctx, dsn, postgres.Options{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("open the log in Postgres: %w", err)
	}
	socket, stop, err := serveEmbedded(ctx, served, scratch)
	if err != nil {
		_ = served.Close(ctx) // the first error is returned
		return nil, err
	}
	client, err := openClient(ctx, "esdb://embedded?tls=false", esdb.Options{Logger: logger, Address: "unix:" + socket})
	if err != nil {
		_ = stop(ctx)
		_ = served.Close(ctx)
		return nil, err
	}
	// Closed in reverse: the client first, then the server, then the store behind it.
	client.closers = closers{served.Close, stop, client.Verified.Close}
	return client, nil
}

// serveEmbedded starts the server and returns its socket and a function that stops it.
func serveEmbedded(ctx context.Context, store eventstore.Store, scratch string) (string, func(context.Context) error, error) {
	dir, err := socketDir(scratch)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the embedded log's socket: %w", err)
	}
	socket := filepath.Join(dir, "log.sock")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		_ = os.RemoveAll(dir) // the first error is returned
		return "", nil, fmt.Errorf("listen for the embedded log: %w", err)
	}
	server := esdbserver.New(store, esdbserver.Options{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop := func(context.Context) error {
		server.Stop()
		err := <-served
		_ = os.RemoveAll(dir) // an empty folder does no harm
		return err
	}
	return socket, stop, nil
}

// maxDir leaves room for the socket's own name: an address holds 107 bytes.
const maxDir = 80

// socketDir makes an empty folder that only this user may enter. It lies in scratch when
// that is given, so that the next run removes what a killed one left.
func socketDir(scratch string) (string, error) {
	dir := filepath.Join(scratch, "socket")
	if scratch != "" && fitsSocketAddress(dir) {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		return dir, os.Mkdir(dir, 0o700)
	}
	if dir = os.TempDir(); !fitsSocketAddress(dir) {
		dir = "/tmp"
	}
	return os.MkdirTemp(dir, "nonassociations-")
}

// fitsSocketAddress reports whether the client can be given a socket in dir: the address
// is a URL without escapes, and short.
func fitsSocketAddress(dir string) bool {
	return len(dir) <= maxDir && !strings.ContainsAny(dir, " %?#")
}
