// Package tracing makes the spans of this service, from a request to the row of NOMIS that
// it leads to. It is part of production.
//
// While no exporter is configured, every function returns at once and allocates nothing. A
// span holds no more than what the functions of this package put into it: names of routes,
// kinds and counts. No path, query, text of a statement or of an error is in any of them.
package tracing

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// scope is the name of the instrumentation in each span.
const scope = "nonassociations"

// current makes spans; nil while there is no exporter.
var current atomic.Pointer[trace.Tracer]

// Use lets a provider have the spans of this process from now on; nil ends that.
func Use(provider trace.TracerProvider) {
	if provider == nil {
		current.Store(nil)
		return
	}
	tracer := provider.Tracer(scope)
	current.Store(&tracer)
}

// On reports whether spans are made.
func On() bool { return current.Load() != nil }

// none is the span that is not made.
var none trace.Span = noop.Span{}

// Step begins a span below the one of ctx, and none where that is not sampled: what runs by
// itself, such as a look at a queue, makes no trace of its own. The caller ends it.
func Step(ctx context.Context, name string) (context.Context, trace.Span) {
	return begin(ctx, name, trace.SpanKindInternal)
}

// Call is Step for a call of another system. system is its name, such as postgresql.
func Call(ctx context.Context, name, system string) (context.Context, trace.Span) {
	ctx, span := begin(ctx, name, trace.SpanKindClient)
	if span.IsRecording() {
		span.SetAttributes(attribute.String("peer.service", system))
	}
	return ctx, span
}

// begin begins a span below a sampled one.
func begin(ctx context.Context, name string, kind trace.SpanKind) (context.Context, trace.Span) {
	tracer := current.Load()
	if tracer == nil || !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, none
	}
	return (*tracer).Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // the caller ends it
}

// Root begins a trace of its own, for work that a person or a clock began. Whether it is
// sampled is the sampler's decision.
func Root(ctx context.Context, name string) (context.Context, trace.Span) {
	tracer := current.Load()
	if tracer == nil {
		return ctx, none
	}
	return (*tracer).Start(ctx, name, trace.WithNewRoot()) //nolint:spancheck // the caller ends it
}

// Kind is the role of a span that follows a message or a fact.
type Kind = trace.SpanKind

// The kinds of spans that follow.
const (
	Consumer = trace.SpanKindConsumer
	Producer = trace.SpanKindProducer
)

// Follow begins a span below that of a trace parent, which a fact or a message carries. None
// is begun for "", for one that is malformed, and for one that is not sampled.
func Follow(ctx context.Context, parent, name string, kind Kind) (context.Context, trace.Span) {
	tracer := current.Load()
	if tracer == nil || parent == "" {
		return ctx, none
	}
	remote := parse(parent)
	if !remote.IsSampled() {
		return ctx, none
	}
	return (*tracer).Start(trace.ContextWithRemoteSpanContext(ctx, remote), name, trace.WithSpanKind(kind)) //nolint:spancheck // the caller ends it
}

// FollowAll begins one span for several trace parents, with a link to each of them: a batch
// belongs to no single trace. None is begun where none of them is sampled; where there is
// one message, its span is followed.
func FollowAll(ctx context.Context, parents []string, name string, kind Kind) (context.Context, trace.Span) {
	tracer := current.Load()
	if tracer == nil {
		return ctx, none
	}
	if len(parents) == 1 {
		return Follow(ctx, parents[0], name, kind)
	}
	var links []trace.Link
	for _, parent := range parents {
		if remote := parse(parent); remote.IsSampled() {
			links = append(links, trace.Link{SpanContext: remote})
		}
	}
	if len(links) == 0 {
		return ctx, none
	}
	return (*tracer).Start(ctx, name, trace.WithNewRoot(), trace.WithSpanKind(kind), trace.WithLinks(links...)) //nolint:spancheck // the caller ends it
}

// traceParent is the only header of the W3C that is kept: tracestate and baggage have the
// text of others.
const traceParent = "traceparent"

// Parent returns the W3C trace parent of ctx, 55 characters of version, trace id, span id and
// flags. It is "" where nothing is sampled.
func Parent(ctx context.Context) string {
	if current.Load() == nil {
		return ""
	}
	if of := trace.SpanContextFromContext(ctx); !of.IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceParent]
}

// Valid returns a trace parent that another system sent, and "" for one that is none or is
// not sampled. What is not valid must not be kept.
func Valid(parent string) string {
	if parent == "" || !parse(parent).IsSampled() {
		return ""
	}
	return parent
}

// parse reads a trace parent; the zero value for one that is malformed.
func parse(parent string) trace.SpanContext {
	carrier := propagation.MapCarrier{traceParent: parent}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier)) //nolint:forbidigo // nothing is awaited
}

// Fail marks a span as failed by a kind of a closed set, such as an SQLSTATE. It is never the
// text of an error.
func Fail(span trace.Span, kind string) {
	if span.IsRecording() {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", kind))
	}
}

// End ends a span, as failed when err is not nil. The text of the error is not kept.
func End(span trace.Span, err error) {
	if !span.IsRecording() {
		return
	}
	if err != nil {
		Fail(span, "other")
	}
	span.End()
}

// Count sets how many things a span is about.
func Count(span trace.Span, name string, count int) {
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("nonassociations."+name, count))
	}
}

// Name sets a word of a closed set, such as the type of an event.
func Name(span trace.Span, name, word string) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("nonassociations."+name, word))
	}
}
