package screens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/internal/tracing"
)

// ServeHTTP answers every request. What holds for all of them, whatever the route, is
// here: the host, the slash at the end, other origins, the request id, a panic and the
// log line.
func (s *Screens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, id := s.clock(), s.newID()
	rec := &statusRecorder{ResponseWriter: w, began: began, clock: s.clock, timed: s.timed}
	ctx, span := tracing.Request(r, tracing.Browsers)
	r = r.WithContext(tracing.WithRequestID(ctx, id))
	h := rec.Header()
	h.Set("X-Request-ID", id.String())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", strictPolicy)
	route := chi.NewRouteContext()
	r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, route))
	// The router knows no HEAD routes.
	if r.Method == http.MethodHead {
		route.RouteMethod = http.MethodGet
	}
	defer func() {
		s.recovered(rec, r, recover())
		attributes := []slog.Attr{
			slog.String("method", r.Method), slog.String("route", route.RoutePattern()), slog.Int("status", rec.status),
			slog.String("requestId", id.String()),
		}
		if position, err := strconv.ParseUint(h.Get("X-Position"), 10, 64); err == nil {
			attributes = append(attributes, slog.Uint64("position", position))
		}
		attributes = append(attributes, slog.Float64("ms", milliseconds(s.clock().Sub(began))))
		s.logger.LogAttrs(r.Context(), slog.LevelInfo, "page", attributes...)
		s.answered(r.Method, route.RoutePattern(), rec.status, s.clock().Sub(began))
		tracing.Answered(span, r.Method, route.RoutePattern(), rec.status)
	}()
	s.first(rec, r)
}

// first answers what is decided before any route: probes under any name, then a page for
// another host, a path with a slash at its end, and a form of another origin.
func (s *Screens) first(w http.ResponseWriter, r *http.Request) {
	if isProbe(r.URL.Path) {
		s.probes.ServeHTTP(w, r)
		return
	}
	reading := isReading(r)
	if path, slashed := strings.CutSuffix(r.URL.EscapedPath(), "/"); reading && slashed && path != "" {
		http.Redirect(w, r, withQuery(local(path), r.URL.RawQuery), http.StatusPermanentRedirect) //nolint:gosec // local keeps it here
		return
	}
	if reading && s.onLoopback && r.Host != s.public.Host && !isOpenFile(r.URL.Path) {
		http.Redirect(w, r, s.public.Scheme+"://"+s.public.Host+pathAndQuery(r), http.StatusPermanentRedirect)
		return
	}
	if err := s.checkOrigin(r); err != nil {
		s.handle(route{access: everybody, serve: func(context.Context, *visit) (answer, error) {
			return answer{}, crossOrigin(err)
		}}).ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// checkOrigin refuses a form of another origin than the public one. The library takes the
// origin of the Host header for ours too, which the sender chooses.
func (s *Screens) checkOrigin(r *http.Request) error {
	asPublic := *r
	asPublic.Host = s.public.Host
	return s.crossOrigin.Check(&asPublic)
}

// local returns a path that leads to this service whatever it begins with: a browser
// takes two slashes at the beginning for another host.
func local(path string) string {
	return "/" + strings.TrimLeft(path, `/\`)
}

// pathAndQuery returns the address of a request below its host.
func pathAndQuery(r *http.Request) string {
	return withQuery(local(r.URL.EscapedPath()), r.URL.RawQuery)
}

// withQuery joins a path and a query.
func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// requestID returns the id that ServeHTTP gave a request.
func requestID(r *http.Request) uuid.UUID { return tracing.RequestID(r.Context()) }

// statusRecorder records the status of an answer, and in a development run says how long
// the server worked on it.
type statusRecorder struct {
	http.ResponseWriter

	began  time.Time
	clock  func() time.Time
	timed  bool
	status int
}

// WriteHeader records the status.
func (r *statusRecorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
		if r.timed {
			r.Header().Set("Server-Timing", fmt.Sprintf("total;dur=%.1f", milliseconds(r.clock().Sub(r.began))))
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write sends a body, with 200 when no status was set.
func (r *statusRecorder) Write(body []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(body)
}

// Unwrap gives [http.ResponseController] the wrapped writer.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// recovered turns a panic into a 500 when nothing was sent yet, and into an aborted
// connection otherwise. It logs the panic with its stack, and never the request.
func (s *Screens) recovered(rec *statusRecorder, r *http.Request, panicked any) {
	if panicked == nil {
		return
	}
	if err, is := panicked.(error); is && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked)
	}
	s.logger.ErrorContext(r.Context(), "panic", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if rec.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.handle(route{access: everybody, serve: func(context.Context, *visit) (answer, error) {
		return answer{}, unexpected(nil)
	}}).ServeHTTP(rec, r)
}

// milliseconds returns a duration in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// isReading reports whether a request asks for a page and sends nothing.
func isReading(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

const (
	pingPath     = "/ping"
	securityPath = "/.well-known/security.txt"
	assetsPath   = "/assets/"
)

// isOpenFile reports whether a path is no page, and answered under any name.
func isOpenFile(path string) bool {
	return path == pingPath || path == securityPath || strings.HasPrefix(path, assetsPath)
}

// ping says that this process answers at all.
func ping(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "pong") // the prober may be gone
}

// isProbe reports whether a path is answered under any name and without a session, as on
// the API.
func isProbe(path string) bool {
	return path == "/info" || path == "/health" || strings.HasPrefix(path, "/health/")
}

// newRouteContext returns an empty context for a look into the router.
func newRouteContext() *chi.Context { return chi.NewRouteContext() }

// methodName returns a method as it may be shown: whatever else it is, it is short.
func methodName(method string) string { return method[:min(len(method), 20)] }

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
