package localaws

import (
	"encoding/json"
	"fmt"
	"slices"
)

// filter is a filter policy over message attributes: for each name the values of which
// one must be present. The zero filter matches everything. SNS has more operators, such
// as prefix and exists. docs/events/README.md recommends a policy that needs none of
// them, and a test proves that policy here.
type filter map[string][]string

// parseFilter reads a policy, "" for none. An operator in it is an error: a stand-in
// that ignored one would deliver what SNS does not.
func parseFilter(policy string) (filter, error) {
	if policy == "" {
		return filter{}, nil
	}
	var f filter
	if err := json.Unmarshal([]byte(policy), &f); err != nil {
		return nil, fmt.Errorf("filter policy: only exact values are supported here: %w", err)
	}
	return f, nil
}

// matches reports whether each named attribute has one of the filter's values.
func (f filter) matches(attributes map[string]Attribute) bool {
	for name, wanted := range f {
		values := attributes[name].values()
		if !slices.ContainsFunc(values, func(value string) bool { return slices.Contains(wanted, value) }) {
			return false
		}
	}
	return true
}

// values returns the elements of a String.Array and the one value of any other type.
// An attribute that is missing has none.
func (a Attribute) values() []string {
	if a.Type == "" {
		return nil
	}
	var all []string
	if a.Type == "String.Array" && json.Unmarshal([]byte(a.Value), &all) == nil {
		return all
	}
	return []string{a.Value}
}
