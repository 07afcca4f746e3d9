package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"nonassociations/web/api"
)

// httpServer is an HTTP server from the moment it listens to the last request.
type httpServer struct {
	server   *http.Server
	listener *api.Connections
	cut      context.CancelFunc // ends the contexts of requests in flight
	logger   *slog.Logger
}

func listen(ctx context.Context, address string, connections int, handler http.Handler, logger *slog.Logger) (*httpServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	e := &httpServer{
		server: api.Server(handler, logger), listener: api.LimitConnections(listener, connections), cut: cut, logger: logger,
	}
	e.listener.Bind(e.server)
	e.server.BaseContext = func(net.Listener) context.Context { return requests }
	return e, nil
}

// address is where it listens, also when any free port was asked for.
func (e *httpServer) address() string { return e.listener.Addr().String() }

// run serves until the context ends, and then lets the requests in flight
// finish: for drainTime undisturbed, then with their contexts at an end, which
// the API answers with 503.
func (e *httpServer) run(ctx context.Context) error {
	defer e.cut()
	failed := make(chan error, 1)
	go func() { failed <- e.server.Serve(e.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	e.logger.InfoContext(ctx, "stopping: no new request, those in flight finish")
	late := time.AfterFunc(drainTime, e.cut)
	defer late.Stop()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime+lateTime)
	defer cancel()
	if err := e.server.Shutdown(limit); err != nil {
		e.logger.WarnContext(ctx, "requests were cut off", "error", err)
		_ = e.server.Close() // it has nothing more to say
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
