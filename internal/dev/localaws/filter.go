package localaws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// filter is a filter policy over message attributes: each named one must match
// one of its conditions. The zero filter lets everything through.
type filter map[string][]condition

// condition is one of: exact, prefix, anything-but, exists.
type condition struct {
	exact       *string
	prefix      *string
	anythingBut []string
	exists      *bool
}

func parseFilter(policy string) (filter, error) {
	if policy == "" {
		return filter{}, nil
	}
	var named map[string][]json.RawMessage
	if err := json.Unmarshal([]byte(policy), &named); err != nil {
		return nil, fmt.Errorf("filter policy: %w", err)
	}
	f := filter{}
	for name, conditions := range named {
		for _, text := range conditions {
			c, err := parseCondition(text)
			if err != nil {
				return nil, fmt.Errorf("filter policy: %s: %w", name, err)
			}
			f[name] = append(f[name], c)
		}
	}
	return f, nil
}

func parseCondition(text json.RawMessage) (condition, error) {
	var exact string
	if json.Unmarshal(text, &exact) == nil {
		return condition{exact: &exact}, nil
	}
	var rule struct {
		Prefix      *string         `json:"prefix"`
		AnythingBut json.RawMessage `json:"anything-but"`
		Exists      *bool           `json:"exists"`
	}
	if err := json.Unmarshal(text, &rule); err != nil {
		return condition{}, err
	}
	c := condition{prefix: rule.Prefix, exists: rule.Exists}
	if rule.AnythingBut != nil && json.Unmarshal(rule.AnythingBut, &c.anythingBut) != nil {
		var one string
		if err := json.Unmarshal(rule.AnythingBut, &one); err != nil {
			return condition{}, err
		}
		c.anythingBut = []string{one}
	}
	if c.prefix == nil && c.exists == nil && c.anythingBut == nil {
		return condition{}, fmt.Errorf("%s is not understood here", text)
	}
	return c, nil
}

func (f filter) matches(attributes map[string]Attribute) bool {
	for name, conditions := range f {
		values := attributes[name].values()
		if !slices.ContainsFunc(conditions, func(c condition) bool { return c.matches(values) }) {
			return false
		}
	}
	return true
}

// values of a String.Array are its elements; of one that is missing there are
// none.
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

func (c condition) matches(values []string) bool {
	switch {
	case c.exists != nil:
		return *c.exists == (len(values) > 0)
	case c.exact != nil:
		return slices.Contains(values, *c.exact)
	case c.prefix != nil:
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, *c.prefix) })
	default:
		return slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(c.anythingBut, v) })
	}
}
