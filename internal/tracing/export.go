package tracing

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Endpoints are the standard variables that name where spans go, the more specific first.
var Endpoints = []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}

// Wanted reports whether the environment configures an exporter, by the standard variables.
// Only otlp over HTTP is one; another is an error, which holds no value.
func Wanted(environment map[string]string) (bool, error) {
	if off, _ := strconv.ParseBool(environment["OTEL_SDK_DISABLED"]); off {
		return false, nil
	}
	endpoint := ""
	for _, name := range Endpoints {
		if endpoint == "" {
			endpoint = environment[name]
		}
	}
	switch exporter := strings.TrimSpace(environment["OTEL_TRACES_EXPORTER"]); exporter {
	case "none":
		return false, nil
	case "":
		if endpoint == "" {
			return false, nil
		}
	case "otlp":
	default:
		return false, errors.New(`OTEL_TRACES_EXPORTER must be "otlp" or "none"`)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := environment[name]; protocol != "" {
			if protocol != "http/protobuf" {
				return false, errors.New(name + ` must be "http/protobuf"`)
			}
			break
		}
	}
	return true, nil
}

// Start exports spans from now on where the environment says so: sampler, batches, headers
// and names are those of the standard variables, which the library reads by itself. The
// function that it returns sends what is left, within its context. Errors: those of Wanted,
// and of an exporter that cannot be made. A collector that is away costs no request: spans
// are dropped, and a line a minute says so.
func Start(ctx context.Context, environment map[string]string, version string, logger *slog.Logger) (stop func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	wanted, err := Wanted(environment)
	if err != nil || !wanted {
		return nothing, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nothing, errors.New("make the exporter of spans: a standard variable OTEL_EXPORTER_OTLP_… is wrong")
	}
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", scope), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && of == nil {
		return nothing, errors.New("read OTEL_RESOURCE_ATTRIBUTES")
	}
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { // its text may have the address
		now := time.Now().Unix() //nolint:forbidigo // only spaces log lines
		if now-last.Load() >= 60 {
			last.Store(now)
			logger.WarnContext(ctx, "spans cannot be exported")
		}
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(of))
	Use(provider)
	return func(ctx context.Context) error {
		Use(nil)
		return provider.Shutdown(ctx)
	}, nil
}
