package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"nonassociations/domain"
)

// storedAtOnce bounds how many states of pairs that the log may not know are in memory.
const storedAtOnce = 1000

// stored returns the states of some pairs by pair. Of the whole log it also returns
// those of pairs in between that the log does not know.
func (r *run) stored(ctx context.Context, pairs []domain.Pair, after, upTo string) (map[string][]byte, error) {
	if r.report.States == nil || r.Sample > 0 && len(pairs) == 0 {
		return nil, nil //nolint:nilnil // no states are asked for
	}
	states := map[string][]byte{}
	if r.Sample > 0 {
		names := make([]string, len(pairs))
		for i, pair := range pairs {
			names[i] = pair.String()
		}
		found, err := r.Generation.Of(ctx, names)
		for _, s := range found {
			states[s.Pair] = s.State
		}
		return states, err
	}
	for {
		found, err := r.Generation.Between(ctx, after, upTo, storedAtOnce)
		if err != nil {
			return nil, fmt.Errorf("read the states of the read model: %w", err)
		}
		for _, s := range found {
			states[s.Pair] = s.State
		}
		if len(found) < storedAtOnce {
			return states, nil
		}
		after = found[len(found)-1].Pair
	}
}

// onlyStored adds the pairs that the read model has and the log does not know. A pair
// that began after the log was listed is none of them.
func (r *run) onlyStored(ctx context.Context, stored map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		pair, err := domain.ParsePair(name)
		if err != nil {
			return fmt.Errorf("a row of the read model: %w", err)
		}
		read := r.Log.ReadMany(ctx, []string{pair.Stream()})[0]
		if read.Err != nil {
			return fmt.Errorf("read the facts of %s: %w", pair.Stream(), read.Err)
		}
		if len(read.Events) > 0 {
			continue
		}
		found, err := compare(pair, stored[name], []byte(`{}`))
		if err != nil {
			return err
		}
		r.report.States.Different = append(r.report.States.Different, found...)
	}
	return nil
}
