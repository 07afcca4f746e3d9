package app

import (
	"context"
	"time"

	"nonassociations/internal/tracing"
)

// flushSpans bounds how long the end of a process waits for its last spans.
const flushSpans = time.Second

// RunTraced is [Run] with the spans exported that the OTEL_ variables of the environment ask
// for. Without an exporter it is Run.
func RunTraced(ctx context.Context, environment map[string]string, o Options) error {
	stop, err := tracing.Start(ctx, environment, Version(), o.Logger)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushSpans)
		defer cancel()
		if err := stop(last); err != nil {
			o.Logger.WarnContext(ctx, "the last spans were not exported")
		}
	}()
	return Run(ctx, o)
}
