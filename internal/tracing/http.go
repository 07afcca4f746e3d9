package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Edge is who calls an HTTP server.
type Edge int

// The edges. A service's trace goes on here; a browser's is only linked to, since anybody may
// send one.
const (
	Services Edge = iota
	Browsers
)

// Request begins the span of a request. The route is known only when it was answered, and
// ends with it: see [Answered].
func Request(r *http.Request, from Edge) (context.Context, trace.Span) {
	tracer := current.Load()
	if tracer == nil {
		return r.Context(), none
	}
	method := methodOf(r.Method)
	ctx := r.Context()
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", method))}
	remote := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParent: r.Header.Get("Traceparent")})
	switch of := trace.SpanContextFromContext(remote); {
	case !of.IsValid():
	case from == Services:
		ctx = remote
	default:
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: of}))
	}
	return (*tracer).Start(ctx, method, options...) //nolint:spancheck // Answered ends it
}

// Answered ends the span of a request with the pattern of its route, "" for a path of no
// route, and its status.
func Answered(span trace.Span, method, route string, status int) {
	if !span.IsRecording() {
		return
	}
	if route != "" {
		span.SetName(methodOf(method) + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		Fail(span, http.StatusText(status))
	}
	span.End()
}

// methodOf returns a method as semantic conventions have it: a caller may send any word.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "_OTHER"
}

// Method returns a method as a metric or a span may have it.
func Method(method string) string { return methodOf(method) }

// Transport returns a transport that makes a span of each request to a service and passes
// the trace on. A request of no trace is sent as it is. base nil: [http.DefaultTransport].
func Transport(base http.RoundTripper, service string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return transport{base, service}
}

type transport struct {
	base    http.RoundTripper
	service string
}

// RoundTrip implements [http.RoundTripper]. The span ends with the head of the answer.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := Call(r.Context(), methodOf(r.Method)+" "+t.service, t.service)
	if !span.IsRecording() {
		return t.base.RoundTrip(r)
	}
	span.SetAttributes(attribute.String("http.request.method", methodOf(r.Method)))
	r = r.Clone(ctx) // a transport must not change the request
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	r.Header.Del("Tracestate")
	response, err := t.base.RoundTrip(r)
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
		if response.StatusCode >= http.StatusInternalServerError {
			Fail(span, http.StatusText(response.StatusCode))
		}
	}
	End(span, err)
	return response, err
}

// CloseIdleConnections closes those of the transport below, for [http.Client].
func (t transport) CloseIdleConnections() {
	if closer, is := t.base.(interface{ CloseIdleConnections() }); is {
		closer.CloseIdleConnections()
	}
}
