package pg

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"nonassociations/internal/tracing"
)

// statementKey is the key of a statement's span in its context. The driver ends statements of
// a batch that were never begun: their context has the span of whoever asked for them.
type statementKey struct{}

// tracer makes a span of each statement that is part of a sampled trace. The span has the
// first word of the statement alone: neither its text nor its arguments.
type tracer struct{}

// TraceQueryStart implements [pgx.QueryTracer].
func (tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	ctx, span := tracing.Call(ctx, "postgres", "postgresql")
	if !span.IsRecording() {
		return ctx
	}
	span.SetAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.operation.name", operation(data.SQL)))
	return context.WithValue(ctx, statementKey{}, span)
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if !tracing.On() {
		return
	}
	span, begun := ctx.Value(statementKey{}).(trace.Span)
	if !begun {
		return
	}
	var refused *pgconn.PgError
	switch {
	case errors.As(data.Err, &refused):
		tracing.Fail(span, refused.Code)
		span.End()
	default:
		tracing.End(span, data.Err)
	}
}

// operations are the words that a span may have.
var operations = map[string]bool{
	"SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true, "WITH": true, "BEGIN": true, "COMMIT": true,
	"ROLLBACK": true, "SET": true, "LISTEN": true, "COPY": true, "CREATE": true, "DROP": true, "ALTER": true,
}

// operation returns the first word of a statement, "OTHER" for one that is not known.
func operation(sql string) string {
	words := strings.FieldsFunc(sql[:min(len(sql), 64)], func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == ';' })
	if len(words) > 0 && operations[strings.ToUpper(words[0])] {
		return strings.ToUpper(words[0])
	}
	return "OTHER"
}
