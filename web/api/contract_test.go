package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const documentURL = "https://nonassociations.test/openapi.json"

// contract is the OpenAPI document as JSON and as schemas.
type contract struct {
	root     map[string]any
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

var theContract = sync.OnceValues(func() (*contract, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	root, _ := document.(map[string]any)
	return &contract{root: root, compiler: compiler}, compiler.AddResource(documentURL, document)
})

func openContract(t testing.TB) *contract {
	t.Helper()
	c, err := theContract()
	require.NoError(t, err)
	return c
}

// at follows keys from the root, and references on the way; pointer is where
// it came out.
func (c *contract) at(t testing.TB, keys ...string) (value map[string]any, pointer string) {
	t.Helper()
	value = c.root
	for _, key := range keys {
		next, is := value[key].(map[string]any)
		if !is {
			return nil, ""
		}
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
		if ref, is := next["$ref"].(string); is {
			return c.at(t, append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), keys[len(strings.Split(pointer, "/"))-1:]...)...)
		}
		value = next
	}
	return value, pointer
}

func (c *contract) validate(t testing.TB, pointer string, instance any) error {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	schema, err := c.compiler.Compile(documentURL + "#" + pointer)
	require.NoError(t, err, pointer)
	return schema.Validate(instance)
}

// pathOf is the documented path that a request's path fits.
func (c *contract) pathOf(path string) string {
	paths, _ := c.root["paths"].(map[string]any)
	if _, is := paths[path]; is {
		return path
	}
	for template := range paths {
		if fits(template, path) {
			return template
		}
	}
	return ""
}

// fits tells whether a path has the segments of a template, any text that is
// not empty in the place of a parameter.
func fits(template, path string) bool {
	wanted, segments := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(segments) {
		return false
	}
	for i, segment := range segments {
		if segment != wanted[i] && (segment == "" || !strings.HasPrefix(wanted[i], "{")) {
			return false
		}
	}
	return true
}

// documented holds an answer to the document: the status, the headers and the
// body. What no route answers is an error in the common shape.
func documented(t testing.TB, method, path string, answer *http.Response, body []byte) {
	t.Helper()
	c := openContract(t)
	guardedAnswer(t, method+" "+path, c.pathOf(path), answer.StatusCode, answer.Header)
	status := strconv.Itoa(answer.StatusCode)
	operation, _ := c.at(t, "paths", c.pathOf(path), strings.ToLower(method))
	if operation == nil {
		require.Contains(t, []string{"404", "405"}, status)
		requireJSON(t, c, "/components/schemas/Error", body)
		return
	}
	response, pointer := c.at(t, "paths", c.pathOf(path), strings.ToLower(method), "responses", status)
	require.NotNil(t, response, "%s %s answers with %s, which is not documented: %s", method, path, status, body)
	headers, _ := response["headers"].(map[string]any)
	for name := range headers {
		_, at := c.at(t, append(keysOf(pointer), "headers", name, "schema")...)
		require.NoError(t, c.validate(t, at, answer.Header.Get(name)), "%s of %s %s: %q", name, method, path, answer.Header.Get(name))
	}
	for _, name := range []string{"X-Position", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Log-Id", "X-Request-Id"} {
		if answer.Header.Get(name) != "" {
			require.Contains(t, headers, name, "%s %s sends it with %s", method, path, status)
		}
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		require.Empty(t, body)
		return
	}
	media := strings.TrimSuffix(answer.Header.Get("Content-Type"), "; charset=utf-8")
	require.Contains(t, content, media)
	require.False(t, strings.HasSuffix(media, "json") && holdsRaw(string(body)), "%q", body)
	switch media {
	case "application/json":
		requireJSON(t, c, pointer+"/content/application~1json/schema", body)
	case "application/x-ndjson":
		for line := range bytes.Lines(body) {
			require.True(t, bytes.HasSuffix(line, []byte("\n")), "%s", line)
			requireJSON(t, c, pointer+"/content/application~1x-ndjson/schema", line)
		}
	}
}

func keysOf(pointer string) []string {
	keys := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, key := range keys {
		keys[i] = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}").Replace(key)
	}
	return keys
}

func requireJSON(t testing.TB, c *contract, pointer string, body []byte) {
	t.Helper()
	require.True(t, json.Valid(body), "%s", body)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, c.validate(t, pointer, instance), "%s", body)
}
