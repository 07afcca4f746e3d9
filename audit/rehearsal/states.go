package rehearsal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	exact "github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Stored is the state of a pair as the read model has it: [domain.State] as JSON.
type Stored struct {
	Pair  string
	State []byte
}

// Generation is the read model that answers. It may go on while it is read.
type Generation interface {
	// Position returns a position up to which every fact is in its states.
	Position(ctx context.Context) (uint64, error)
	// Of returns the states of those of the pairs that it has.
	Of(ctx context.Context, pairs []string) ([]Stored, error)
	// Between returns at most limit states, in the order of the pairs, of those after a
	// pair up to another one (inclusive). "" is before all, and as the end after all.
	Between(ctx context.Context, after, upTo string, limit int) ([]Stored, error)
}

// ofPair compares the stored state of a pair with what this build folds. least is the
// number of facts that the state must have at least. Facts after it may be newer than
// the state, as writes go on, so the state may be that of any later fact too. Of several
// the one with the fewest differences counts.
func (s *States) ofPair(pair domain.Pair, facts []eventstore.Fact, least int, stored []byte) error {
	folding := domain.NewFolding(domain.State{Pair: pair})
	var best []StateDifference
	items := 0
	for n := range len(facts) + 1 {
		if n > 0 {
			folding.Add(facts[n-1].Fact)
		}
		if n < least {
			continue
		}
		folded, err := json.Marshal(folding.State())
		if err != nil {
			return fmt.Errorf("write the state of a pair: %w", err)
		}
		found, err := compare(pair, stored, folded)
		if err != nil {
			return err
		}
		if n == least || len(found) < len(best) {
			best, items = found, folding.Len()
		}
		if len(best) == 0 {
			break
		}
	}
	s.Compared += items
	s.Different = append(s.Different, best...)
	return nil
}

// compare returns how a stored state differs from a folded one, both as JSON. A stored
// one that is no JSON differs as a whole. An empty stored one is a missing row.
func compare(pair domain.Pair, stored, folded []byte) ([]StateDifference, error) {
	var was, now map[string]any
	if err := exact.Unmarshal(folded, &now); err != nil {
		return nil, fmt.Errorf("read the state of a pair: %w", err)
	}
	if len(stored) > 0 && exact.Unmarshal(stored, &was) != nil {
		return []StateDifference{{Pair: pair.Numbers(), Field: "state"}}, nil //nolint:nilerr // that it cannot be read is what differs
	}
	wasItems, nowItems := itemsOf(was), itemsOf(now)
	var all []StateDifference
	for _, id := range slices.Sorted(maps.Keys(merged(wasItems, nowItems))) {
		one := wasItems[id]
		other := nowItems[id]
		known, err := uuid.Parse(id)
		of := StateDifference{Pair: pair.Numbers(), NonAssociationID: &known}
		if err != nil {
			of.NonAssociationID = nil
		}
		if one == nil || other == nil {
			of.Field, of.Was, of.Now = "id", one["id"], other["id"]
			all = append(all, of)
			continue
		}
		all = append(all, fieldsOf(of, one, other)...)
	}
	delete(was, "items")
	delete(now, "items")
	if was == nil {
		return all, nil // every record was named
	}
	return append(all, fieldsOf(StateDifference{Pair: pair.Numbers()}, was, now)...), nil
}

// fieldsOf returns the fields that differ. A missing field is equal to null and to an
// empty list.
func fieldsOf(of StateDifference, was, now map[string]any) []StateDifference {
	var all []StateDifference
	for _, field := range slices.Sorted(maps.Keys(merged(was, now))) {
		if reflect.DeepEqual(was[field], now[field]) {
			continue
		}
		of.Field, of.Was, of.Now = field, shown(field, was[field]), shown(field, now[field])
		all = append(all, of)
	}
	return all
}

// shown returns a value as a report may show it.
func shown(field string, value any) any {
	text, is := value.(string)
	if !is || !slices.Contains([]string{"authorisedBy", "closedBy", "closedReason", "comment", "updatedBy"}, field) {
		return value
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// itemsOf returns the non-associations of a state by id.
func itemsOf(state map[string]any) map[string]map[string]any {
	items := map[string]map[string]any{}
	list, _ := state["items"].([]any)
	for _, item := range list {
		fields, _ := item.(map[string]any)
		id, _ := fields["id"].(string)
		items[id] = fields
	}
	return items
}

func merged[V any](a, b map[string]V) map[string]V {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]V{}
	}
	maps.Copy(both, b)
	return both
}
