package publisher

import (
	"context"

	"nonassociations/internal/tracing"
)

// trace begins a span below the fact of each message that was traced. The function that it
// returns ends them with the outcomes of the batch.
func trace(ctx context.Context, deliveries []*delivery) (end func(results []error, err error)) {
	if !tracing.On() {
		return func([]error, error) {}
	}
	ends := make([]func(error), len(deliveries))
	for i, d := range deliveries {
		_, span := tracing.Follow(ctx, d.message.Attributes["traceparent"].Text, "publish "+string(d.message.Topic), tracing.Producer)
		tracing.Count(span, "messages", len(deliveries))
		ends[i] = func(err error) { tracing.End(span, err) }
	}
	return func(results []error, err error) {
		for i, end := range ends {
			if err == nil && i < len(results) {
				end(results[i])
			} else {
				end(err)
			}
		}
	}
}
