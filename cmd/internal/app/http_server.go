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

// httpServer is an HTTP server with an ordered end. It listens from the moment it is
// made, so that a port that is taken fails the start of the process.
type httpServer struct {
	server   *http.Server
	listener *api.Connections
	cut      context.CancelFunc // ends the contexts of requests in flight
	logger   *slog.Logger
}

// listen binds the address and prepares the server. connections limits the connections,
// 0 for the default. No request is answered before run.
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

// address returns the address in use, also when port 0 was asked for.
func (s *httpServer) address() string { return s.listener.Addr().String() }

// run serves until ctx ends and then shuts down in order: no new request, drainTime for
// those in flight, then an end of their contexts, which the API answers with 503 within
// lateTime. It returns nil after that, also when connections had to be cut. Errors: the
// server failed while ctx was alive.
func (s *httpServer) run(ctx context.Context) error {
	defer s.cut()
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.logger.InfoContext(ctx, "shutting down, waiting for requests in flight")
	late := time.AfterFunc(drainTime, s.cut)
	defer late.Stop()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime+lateTime)
	defer cancel()
	if err := s.server.Shutdown(limit); err != nil {
		s.logger.WarnContext(ctx, "requests were cut off", "error", err)
		_ = s.server.Close() // the connections are given up
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
