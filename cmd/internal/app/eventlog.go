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

// openedLog is a log and what has to be closed with it.
type openedLog struct {
	*eventstore.Verified
	closers
}

// Close closes everything, also when one of it fails.
func (o *openedLog) Close(ctx context.Context) error { return o.close(ctx) }

// openLog opens the log that EVENTSTORE_URL names. None of them has to be up.
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

// openEmbedded serves the log in Postgres to this process alone, by the
// protocol of EventStoreDB on a socket that nobody else can reach, so that the
// way of production is walked in development too.
func openEmbedded(ctx context.Context, dsn, scratch string, logger *slog.Logger) (*openedLog, error) {
	served, err := postgres.Open(ctx, dsn, postgres.Options{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("open the log in Postgres: %w", err)
	}
	socket, stop, err := serveEmbedded(ctx, served, scratch)
	if err != nil {
		_ = served.Close(ctx) // the first error is the one to tell
		return nil, err
	}
	client, err := openClient(ctx, "esdb://embedded?tls=false", esdb.Options{Logger: logger, Address: "unix:" + socket})
	if err != nil {
		_ = stop(ctx)
		_ = served.Close(ctx)
		return nil, err
	}
	client.closers = closers{served.Close, stop, client.Verified.Close}
	return client, nil
}

// serveEmbedded returns the socket that the log is served on.
func serveEmbedded(ctx context.Context, store eventstore.Store, scratch string) (string, func(context.Context) error, error) {
	dir, err := socketDir(scratch)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the embedded log's socket: %w", err)
	}
	socket := filepath.Join(dir, "log.sock")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		_ = os.RemoveAll(dir) // the first error is the one to tell
		return "", nil, fmt.Errorf("listen for the embedded log: %w", err)
	}
	server := esdbserver.New(store, esdbserver.Options{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop := func(context.Context) error {
		server.Stop()
		err := <-served
		_ = os.RemoveAll(dir) // an empty folder harms nobody
		return err
	}
	return socket, stop, nil
}

// maxDir leaves room for a socket's name in its address, 107 bytes in all.
const maxDir = 80

// socketDir makes an empty folder that this user alone may enter: in scratch,
// where the next run finds what a killed one left, else a temporary one.
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

// fitsSocketAddress tells whether a socket's address can be made from a folder's name.
func fitsSocketAddress(dir string) bool {
	return len(dir) <= maxDir && !strings.ContainsAny(dir, " %?#")
}
