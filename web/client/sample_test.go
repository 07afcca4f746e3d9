package client_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampler makes an instance of a schema: with everything that there may be, or
// with as little as there must be, and null wherever that is allowed.
type sampler struct {
	d       *document
	full    bool
	variant int // of an answer that has several shapes
}

// texts fit one or the other schema of a text.
var texts = []any{
	"A1234BC", anID, "2021-07-05T10:35:17", "2021-07-05T10:35:17.123456",
	"2021-07-05T10:35:17+01:00", "nonassociation.opened.v1", "some text", "7",
	"switch-over.prison-staged.v1", "2021-07-05", "MDI",
}

func (d *document) sample(t *testing.T, pointer string, s sampler) []byte {
	t.Helper()
	text, err := json.Marshal(s.of(t, pointer, true))
	require.NoError(t, err)
	return text
}

func (s sampler) of(t *testing.T, pointer string, top bool) any {
	t.Helper()
	pointer = s.d.follow(pointer)
	schema := s.d.at(pointer).(map[string]any)
	if value, is := schema["const"]; is {
		return value
	}
	if words, is := schema["enum"].([]any); is {
		return words[0]
	}
	if variants, is := schema["anyOf"].([]any); is {
		return s.of(t, pointer+"/anyOf/"+strconv.Itoa(s.choose(pointer, len(variants), top)), false)
	}
	kind := schema["type"]
	if kinds, is := kind.([]any); is {
		kind = kinds[0]
		if !s.full {
			kind = "null"
		}
	}
	switch kind {
	case "object":
		return s.object(t, pointer, schema)
	case "array":
		return s.array(t, pointer, schema)
	case "null":
		return nil
	case "boolean":
		return true
	case "integer", "number":
		return s.fitting(t, pointer, json.Number("1"), json.Number("20"))
	default:
		return s.fitting(t, pointer, texts...)
	}
}

// choose takes the shape that is wanted, or null where that is one.
func (s sampler) choose(pointer string, variants int, top bool) int {
	last := s.d.at(pointer + "/anyOf/" + strconv.Itoa(variants-1)).(map[string]any)
	switch {
	case last["type"] != "null" && top:
		return s.variant
	case last["type"] == "null" && !s.full:
		return variants - 1
	}
	return 0
}

func (s sampler) object(t *testing.T, pointer string, schema map[string]any) any {
	t.Helper()
	must := map[string]bool{}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		must[name.(string)] = true
	}
	object := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name := range properties {
		if s.full || must[name] {
			object[name] = s.of(t, pointer+"/properties/"+escape(name), false)
		}
	}
	return object
}

func (s sampler) array(t *testing.T, pointer string, schema map[string]any) any {
	t.Helper()
	least := 0
	if n, is := schema["minItems"].(json.Number); is {
		least, _ = strconv.Atoi(n.String())
	}
	if s.full {
		least = max(least, 1)
	}
	array := []any{}
	for range least {
		array = append(array, s.of(t, pointer+"/items", false))
	}
	return array
}

// fitting is the first value that fits the schema.
func (s sampler) fitting(t *testing.T, pointer string, values ...any) any {
	t.Helper()
	for _, value := range values {
		if s.d.check(pointer, value) == nil {
			return value
		}
	}
	require.Failf(t, "no value fits", "%s", pointer)
	return nil
}
