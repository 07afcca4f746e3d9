package api

import (
	"log/slog"
	"net/http"
	"time"
)

// limits are the time-outs and sizes of one connection.
type limits struct {
	header, read, write, idle time.Duration
	headerSize                int // bytes
}

// usual are the limits of the API. A slow client must not hold a connection much
// longer than an endpoint may take, and an idle connection must not stay for ever.
var usual = limits{header: 5 * time.Second, read: 10 * time.Second, write: 30 * time.Second, idle: 2 * time.Minute, headerSize: 32 << 10}

// Server returns an HTTP server with the limits of the API. The caller listens,
// serves and shuts down.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return serverWith(usual, handler, logger)
}

// serverWith is Server with other limits, for tests.
func serverWith(limits limits, handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: limits.header,
		ReadTimeout:       limits.read,
		WriteTimeout:      limits.write,
		IdleTimeout:       limits.idle,
		MaxHeaderBytes:    limits.headerSize,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		// OPTIONS * is answered as every other call, with the headers of this edge.
		DisableGeneralOptionsHandler: true,
	}
}
