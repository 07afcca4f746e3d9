package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/internal/tracing"
)

// responseRecorder records the status, the actor, the client and the correlation of an
// answer, for the log line and for those who count.
type responseRecorder struct {
	http.ResponseWriter

	status      int
	actor       string
	client      string
	correlation string
	took        time.Duration // until the answer was whole
}

// WriteHeader records the status.
func (a *responseRecorder) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		restrict(a.Header(), status)
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap gives [http.ResponseController] the wrapped writer.
func (a *responseRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// send sends an answer that is whole, before its line is logged: the client need not wait
// for that.
func (a *responseRecorder) send() {
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified || a.Header().Get("Content-Length") != "" {
		_ = http.NewResponseController(a.ResponseWriter).Flush() // an error shows when the server ends the answer
	}
}

// middleware wraps every request: every answer has the headers of protect.go, a panic
// becomes a 500, HEAD is answered as GET (the server omits the body), and one line is
// logged.
func (a *API) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := a.clock(), uuid.New()
		ctx, span := tracing.Request(r, tracing.Services)
		r = r.WithContext(tracing.WithRequestID(ctx, id))
		rec, route := &responseRecorder{ResponseWriter: w}, chi.RouteContext(r.Context())
		w.Header().Set("X-Request-ID", id.String())
		protect(w.Header(), r)
		// The router knows no HEAD routes. With the method of its context changed,
		// every GET route serves HEAD without being registered twice.
		if r.Method == http.MethodHead {
			route.RouteMethod = http.MethodGet
		}
		defer func() {
			defer func() { // also of an answer that is broken off
				a.logLine(rec, r, route)
				if a.answered != nil {
					a.answered(r.Method, route.RoutePattern(), rec.status, rec.took)
				}
				tracing.Answered(span, r.Method, route.RoutePattern(), rec.status)
			}()
			panicked := recover()
			rec.took = a.clock().Sub(began) // sending may wait for the client
			if panicked == nil {
				rec.send()
			}
			a.recovered(rec, r, panicked)
		}()
		next.ServeHTTP(rec, r)
	})
}

// recovered turns a panic into a 500 when nothing was sent yet, and into an aborted
// connection otherwise. It logs the panic with its stack, and never the request.
func (a *API) recovered(rec *responseRecorder, r *http.Request, panicked any) {
	if panicked == nil {
		return
	}
	if err, is := panicked.(error); is && errors.Is(err, http.ErrAbortHandler) {
		panic(panicked) // the server's own way to break a connection off
	}
	a.logger.ErrorContext(r.Context(), "panic", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	if rec.status == 0 {
		unexpected().reply().write(rec, r)
	}
}

// logLine logs one request. It holds no prisoner number, body or token: the route's
// pattern stands for the path.
func (a *API) logLine(rec *responseRecorder, r *http.Request, route *chi.Context) {
	// Building the attributes allocates memory, so it is skipped when no line is
	// written.
	if !a.logger.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	took := float64(rec.took.Microseconds()) / 1000
	attributes := make([]slog.Attr, 0, 7)
	attributes = append(attributes, slog.String("method", r.Method), slog.String("route", route.RoutePattern()),
		slog.Int("status", rec.status), slog.Float64("ms", took))
	if position, err := parsePosition(rec.Header().Get("X-Position")); err == nil {
		attributes = append(attributes, slog.Uint64("position", position))
	}
	if rec.actor != "" {
		attributes = append(attributes, slog.String("actor", rec.actor))
	}
	if rec.correlation != "" {
		attributes = append(attributes, slog.String("correlationId", rec.correlation))
	}
	a.logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes...)
}

// methods are the methods that a 405 looks for, in the order of the Allow header.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}

// methodNotAllowed answers 405 with the methods that the path has.
func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	// The router matches the escaped path when there is one, and the same must be
	// matched here.
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	allowed := slices.DeleteFunc(slices.Clone(methods), func(method string) bool {
		return !a.router.Match(chi.NewRouteContext(), method, path)
	})
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	wrongMethod().reply().write(w, r)
}
