package projections

import (
	"context"

	"nonassociations/internal/tracing"
)

// trace begins a span below each fact of a live batch that was traced. The function that it
// returns ends them. A bulk load has none: its facts were shown long ago.
func trace(ctx context.Context, facts []*fact) (end func(*error)) {
	if !tracing.On() {
		return func(*error) {}
	}
	var ends []func(error)
	seen := map[string]bool{}
	for _, f := range facts {
		parent := f.Meta.TraceParent
		if parent == "" || seen[parent] {
			continue
		}
		seen[parent] = true
		_, span := tracing.Follow(ctx, parent, "project", tracing.Consumer)
		tracing.Count(span, "facts", len(facts))
		ends = append(ends, func(err error) { tracing.End(span, err) })
	}
	return func(err *error) {
		for _, end := range ends {
			end(*err)
		}
	}
}
