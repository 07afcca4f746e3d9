package api_test

import (
	"encoding/json"
	"net/http"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// leads are addresses that lead to the page and are no calls of their own.
var leads = []string{"/docs", "/swagger-ui.html"}

func TestRoute_isDocumentedAndEveryDocumentedRouteIsThere(t *testing.T) {
	c := openContract(t)
	var documented []string
	for path, item := range c.root["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, path := range leads {
		documented = append(documented, "GET "+path)
	}
	served := newTestServer(t).Routes()
	sort.Strings(documented)
	sort.Strings(served)
	require.Equal(t, documented, served)
}

func TestVocabularies_ofTheDocumentAreThoseOfTheDomain(t *testing.T) {
	for name, words := range map[string][]string{
		"ReasonCode":   wordsOf(domain.ReasonCodes()),
		"TypeCode":     wordsOf(domain.TypeCodes()),
		"Outcome":      {string(domain.Created), string(domain.Changed), string(domain.Unchanged), string(domain.WasIgnored)},
		"IgnoreReason": {string(domain.NotLatest), string(domain.AnotherNotClosed), string(domain.NamesDeleted), string(domain.Switched)},
	} {
		schema, _ := openContract(t).at(t, "components", "schemas", name)
		var documented []string
		for _, word := range schema["enum"].([]any) {
			documented = append(documented, word.(string))
		}
		require.Equal(t, words, documented, name)
	}
	for name, limit := range map[string]int{"Comments": domain.MaxComment, "AuthorisedBy": domain.MaxAuthorisedBy} {
		schema, _ := openContract(t).at(t, "components", "schemas", name)
		require.EqualValues(t, json.Number(itoa(limit)), schema["maxLength"], name)
	}
}

func wordsOf[W ~string](terms []domain.Term[W]) []string {
	var words []string
	for _, term := range terms {
		words = append(words, string(term.Code))
	}
	return words
}

func TestExample_ofARequestIsAccepted(t *testing.T) {
	for path, token := range map[string]string{
		"/sync": syncer, "/migrate": migrator, "/non-associations/between": reader, "/non-associations/involving": reader,
		"/checks/move": reader,
	} {
		examples, pointer := openContract(t).at(t, "paths", path, "post", "requestBody", "content", "application/json", "examples")
		require.NotEmpty(t, examples)
		for name, example := range examples {
			value := example.(map[string]any)["value"]
			schema := strings.TrimSuffix(pointer, "examples") + "schema"
			require.NoError(t, openContract(t).validate(t, schema, value), name)
			body, err := json.Marshal(value)
			require.NoError(t, err)
			w := first(moveServer(t, inPrison)).call(http.MethodPost, path, token, string(body))
			require.Less(t, w.Code, 300, "%s %s: %s", path, name, w.Body)
		}
	}
}

func TestExample_ofTheListIsWhatTheListSays(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, http.StatusOK, h.sync(record).Code)
	content, _ := openContract(t).at(t, "paths", "/non-associations/{reference}", "get", "responses", "200", "content", "application/json")
	example, err := json.Marshal(content["example"])
	require.NoError(t, err)
	require.JSONEq(t, string(example), h.list("A9109UD"))
}
