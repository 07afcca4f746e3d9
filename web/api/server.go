package api

import (
	"log/slog"
	"net/http"
	"time"
)

// limits of one connection.
type limits struct {
	header, read, write, idle time.Duration
	headerSize                int // bytes
}

// usual are the limits of this edge. A request that is read slowly must not
// outlive the patience of the endpoints by much, nor an idle connection be kept
// for ever.
var usual = limits{header: 5 * time.Second, read: 10 * time.Second, write: 30 * time.Second, idle: 2 * time.Minute, headerSize: 32 << 10}

// Server is an HTTP server with the limits of this edge; the caller listens,
// serves and shuts down.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return serverWith(usual, handler, logger)
}

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
