package tracing

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
)

// requestKey is the key of a request's id in its context.
type requestKey struct{}

// WithRequestID lets every line that is logged with the context have the request's id.
func WithRequestID(ctx context.Context, id uuid.UUID) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the id of the request of a context, the nil UUID outside of one.
func RequestID(ctx context.Context) uuid.UUID {
	id, _ := ctx.Value(requestKey{}).(uuid.UUID)
	return id
}

const requestIDName = "requestId"

// Handler returns a handler that adds the ids of the request and of the trace to each line.
func Handler(to slog.Handler) slog.Handler { return handler{to} }

type handler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, record slog.Record) error {
	id, of := RequestID(ctx), trace.SpanContextFromContext(ctx)
	if id == uuid.Nil && !of.IsValid() {
		return h.Handler.Handle(ctx, record)
	}
	record = record.Clone()
	if id != uuid.Nil && !has(record, requestIDName) {
		record.AddAttrs(slog.String(requestIDName, id.String()))
	}
	if of.IsValid() {
		record.AddAttrs(slog.String("traceId", of.TraceID().String()), slog.String("spanId", of.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

// has reports whether a line has an attribute already: a name that comes twice is not JSON
// that every reader takes.
func has(record slog.Record, name string) bool {
	found := false
	record.Attrs(func(a slog.Attr) bool {
		found = a.Key == name
		return !found
	})
	return found
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
