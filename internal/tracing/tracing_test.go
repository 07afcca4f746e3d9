package tracing_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"nonassociations/internal/tracing"
)

// record lets spans be made and returns them. No test of this package is parallel.
func record(t *testing.T, options ...sdktrace.TracerProviderOption) *tracetest.SpanRecorder {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	tracing.Use(sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(spans))...))
	t.Cleanup(func() { tracing.Use(nil) })
	return spans
}

const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestOff_costsNoMemory(t *testing.T) {
	ctx, two := t.Context(), []string{sampled, sampled}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", http.NoBody)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, request := tracing.Request(r, tracing.Services)
		_, step := tracing.Step(ctx, "command")
		_, call := tracing.Call(ctx, "log append", "eventstore")
		_, follow := tracing.Follow(ctx, sampled, "turn", tracing.Consumer)
		_, root := tracing.Root(ctx, "click")
		_, all := tracing.FollowAll(ctx, two, "ring", tracing.Consumer)
		_ = tracing.Parent(ctx)
		tracing.Name(root, "event", "opened")
		tracing.Fail(all, "40001")
		tracing.Count(step, "pairs", 1)
		tracing.End(call, nil)
		tracing.End(follow, nil)
		tracing.Answered(request, http.MethodPost, "/", http.StatusOK)
	}))
	require.Empty(t, tracing.Parent(ctx))
}

func TestTrace_goesOnBehindTheLog(t *testing.T) {
	spans := record(t)
	ctx, root := tracing.Root(t.Context(), "click")
	parent := tracing.Parent(ctx)
	require.Len(t, parent, 55)
	_, turn := tracing.Follow(context.Background(), parent, "turn", tracing.Consumer)
	tracing.End(turn, errors.New("A1234BC"))
	tracing.End(root, nil)
	ended := spans.Ended()
	require.Len(t, ended, 2)
	require.Equal(t, root.SpanContext().TraceID(), ended[0].SpanContext().TraceID())
	require.Equal(t, root.SpanContext().SpanID(), ended[0].Parent().SpanID())
	require.Empty(t, ended[0].Status().Description, "no text of an error is in a span")
	require.Empty(t, ended[0].Events())
}

func TestUnsampled_leavesNoTrace(t *testing.T) {
	spans := record(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	ctx, _ := tracing.Root(t.Context(), "click")
	require.Empty(t, tracing.Parent(ctx), "nothing is kept in a fact")
	_, step := tracing.Step(ctx, "command")
	step.End()
	_, other := tracing.Follow(ctx, strings.TrimSuffix(sampled, "1")+"0", "turn", tracing.Consumer)
	other.End()
	require.Empty(t, spans.Ended())
	require.Equal(t, sampled, tracing.Valid(sampled))
}

func TestTraceParent_ofOthersIsHeldToItsForm(t *testing.T) {
	record(t)
	for _, bad := range []string{
		"", "A1234BC", sampled + "-A1234BC", strings.ToUpper(sampled), strings.Replace(sampled, "00-", "zz-", 1),
		"00-00000000000000000000000000000000-b7ad6b7169203331-01", strings.TrimSuffix(sampled, "1") + "0", strings.Repeat(sampled, 100),
	} {
		require.Empty(t, tracing.Valid(bad), bad)
		_, span := tracing.Follow(t.Context(), bad, "turn", tracing.Consumer)
		require.False(t, span.IsRecording(), bad)
	}
}

func TestBatch_isLinkedToEachTrace(t *testing.T) {
	spans := record(t)
	other := strings.Replace(sampled, "0af7", "1af7", 1)
	_, batch := tracing.FollowAll(t.Context(), []string{sampled, "", other}, "ring", tracing.Consumer)
	batch.End()
	_, one := tracing.FollowAll(t.Context(), []string{sampled}, "ring", tracing.Consumer)
	one.End()
	_, none := tracing.FollowAll(t.Context(), []string{"", ""}, "ring", tracing.Consumer)
	none.End()
	ended := spans.Ended()
	require.Len(t, ended, 2)
	require.Len(t, ended[0].Links(), 2)
	require.False(t, ended[0].Parent().IsValid())
	require.Equal(t, "b7ad6b7169203331", ended[1].Parent().SpanID().String())
}

func TestEdge_trustsServicesAndNotBrowsers(t *testing.T) {
	spans := record(t)
	for _, edge := range []tracing.Edge{tracing.Services, tracing.Browsers} {
		r := httptest.NewRequestWithContext(t.Context(), "A1234BC", "/prisoner/A1234BC?q=Smith", http.NoBody)
		r.Header.Set("Traceparent", sampled)
		r.Header.Set("Tracestate", "name=Smith")
		_, span := tracing.Request(r, edge)
		tracing.Answered(span, r.Method, "/prisoner/{pn}", http.StatusServiceUnavailable)
	}
	ended := spans.Ended()
	require.Equal(t, "b7ad6b7169203331", ended[0].Parent().SpanID().String())
	require.False(t, ended[1].Parent().IsValid())
	require.Len(t, ended[1].Links(), 1)
	for _, span := range ended {
		require.Equal(t, "_OTHER /prisoner/{pn}", span.Name())
		require.Zero(t, span.SpanContext().TraceState().Len())
		for _, a := range span.Attributes() {
			require.NotContains(t, a.Value.String(), "A1234BC")
			require.NotContains(t, []string{"url.path", "url.query", "url.full"}, string(a.Key))
		}
	}
}

func TestTransport_passesTheTraceOnAndNoMore(t *testing.T) {
	spans := record(t)
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	client := http.Client{Transport: tracing.Transport(nil, "nomis")}
	call := func(ctx context.Context) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/A1234BC", http.NoBody)
		require.NoError(t, err)
		response, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Empty(t, request.Header, "a transport changes no request")
	}
	call(t.Context())
	require.Empty(t, got.Get("Traceparent"))
	ctx, root := tracing.Root(t.Context(), "click")
	call(ctx)
	root.End()
	require.Contains(t, got.Get("Traceparent"), root.SpanContext().TraceID().String())
	state, err := trace.ParseTraceState("name=Smith")
	require.NoError(t, err)
	call(trace.ContextWithSpanContext(ctx, root.SpanContext().WithTraceState(state)))
	require.Contains(t, got.Get("Traceparent"), root.SpanContext().TraceID().String())
	require.Empty(t, got.Get("Tracestate"))
	require.Equal(t, "GET nomis", spans.Ended()[0].Name())
}

func TestLine_hasTheIdsOnce(t *testing.T) {
	record(t)
	var text strings.Builder
	logger := slog.New(tracing.Handler(slog.NewJSONHandler(&text, nil))).With("a", 1)
	ctx, span := tracing.Root(tracing.WithRequestID(t.Context(), uuid.MustParse("7f3ab6a5-1d6c-4d0e-9f59-0a3f2f3b1c11")), "click")
	logger.InfoContext(ctx, "x")
	logger.InfoContext(ctx, "y", "requestId", "7f3a")
	logger.InfoContext(context.Background(), "z")
	logger.WithGroup("g").InfoContext(ctx, "in a group")
	logger.InfoContext(trace.ContextWithSpan(context.Background(), span), "behind the log")
	lines := strings.Split(text.String(), "\n")
	require.Contains(t, lines[0], `"requestId":"7f3ab6a5-1d6c-4d0e-9f59-0a3f2f3b1c11","traceId":"`+span.SpanContext().TraceID().String()+`"`)
	require.Equal(t, 1, strings.Count(lines[1], "requestId"))
	require.NotContains(t, lines[2], "requestId")
	require.NotContains(t, lines[2], "traceId")
	require.Contains(t, lines[3], `"requestId":"7f3ab6a5-`)
	require.Contains(t, lines[4], `"traceId":"`+span.SpanContext().TraceID().String()+`"`)
}

func TestExporter_isThatOfTheStandardVariables(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		wanted      bool
		fault       string
	}{
		"nothing":   {},
		"endpoint":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, true, ""},
		"traces":    {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, true, ""},
		"otlp":      {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"none":      {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, false, ""},
		"disabled":  {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, false, ""},
		"other":     {map[string]string{"OTEL_TRACES_EXPORTER": "secret"}, false, "OTEL_TRACES_EXPORTER"},
		"protocol":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "secret"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"protobufs": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, ""},
	} {
		wanted, err := tracing.Wanted(c.environment)
		require.Equal(t, c.wanted, wanted, name)
		if c.fault == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.fault, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
}

func BenchmarkOff(b *testing.B) {
	ctx := context.Background()
	for b.Loop() {
		_, step := tracing.Step(ctx, "command")
		_ = tracing.Parent(ctx)
		tracing.End(step, nil)
	}
}
