package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestLimits_ofTheDocumentAreThoseOfTheDomain(t *testing.T) {
	for name, words := range map[string][]string{
		"Role": wordsOf(domain.Roles()), "Reason": wordsOf(domain.Reasons()), "RestrictionType": wordsOf(domain.Restrictions()),
	} {
		schema, _ := openContract(t).at(t, "components", "schemas", name)
		var documented []string
		for _, word := range schema["enum"].([]any) {
			documented = append(documented, word.(string))
		}
		require.Equal(t, words, documented, name)
	}
	for name, limit := range map[string]int{"Prose": domain.MaxComment, "UserName": domain.MaxAuthorisedBy} {
		schema, _ := openContract(t).at(t, "components", "schemas", name)
		require.Contains(t, schema["description"], "may have "+itoa(limit)+" characters", name)
		require.EqualValues(t, json.Number("4096"), schema["maxLength"], "with blanks around it")
	}
}

func TestExample_ofStaffIsAccepted(t *testing.T) {
	h := newStaffServer(t)
	id := anID
	for _, c := range []struct{ method, path, token string }{
		{"post", "/non-associations", writer},
		{"patch", "/non-associations/{reference}", writer},
		{"put", "/non-associations/{id}/close", writer},
		{"put", "/non-associations/{id}/reopen", admin},
		{"post", "/non-associations/{id}/delete", admin},
	} {
		examples, pointer := openContract(t).at(t, "paths", c.path, c.method, "requestBody", "content", "application/json", "examples")
		require.Len(t, examples, 1)
		for _, example := range examples {
			value := example.(map[string]any)["value"].(map[string]any)
			require.NoError(t, openContract(t).validate(t, strings.TrimSuffix(pointer, "examples")+"schema", value))
			if c.path == "/non-associations/{id}/close" {
				value["closedAt"] = "2026-07-15T12:00:00" // the clock stands still between opening and closing
			}
			body, err := json.Marshal(value)
			require.NoError(t, err)
			w := h.call(strings.ToUpper(c.method), strings.NewReplacer("{reference}", id, "{id}", id).Replace(c.path), c.token, string(body))
			require.Less(t, w.Code, 300, w.Body.String())
			if w.Code == http.StatusCreated {
				id = staffIn(t, w, http.StatusCreated).ID
				content, _ := openContract(t).at(t, "paths", c.path, c.method, "responses", "201", "content", "application/json")
				expected := maps.Clone(content["example"].(map[string]any))
				expected["id"] = id
				documented, err := json.Marshal(expected)
				require.NoError(t, err)
				require.JSONEq(t, string(documented), w.Body.String())
			}
		}
	}
}
