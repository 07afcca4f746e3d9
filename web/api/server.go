package api

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of one connection. A request that is read slowly must not outlive the
// patience of the endpoints by much, nor an idle connection be kept for ever.
const (
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 32 << 10
)

// Server is an HTTP server with the limits of this edge; the caller listens,
// serves and shuts down.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
