package client_test

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	codec "github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const address = "https://nonassociations.test/openapi.json"

// document is the OpenAPI document, as JSON and as schemas.
type document struct {
	root     map[string]any
	compiler *jsonschema.Compiler
}

func readDocument(t *testing.T) *document {
	t.Helper()
	text, err := os.ReadFile("../api/openapi.json")
	require.NoError(t, err)
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource(address, whole))
	return &document{whole.(map[string]any), compiler}
}

// operation is one of the document; schemas are named by their pointers.
type operation struct {
	d                *document
	t                *testing.T
	id, method, path string
	inPath           []string // the parameters of the path, in their order
	parameters       []parameter
	body             string // "" when there is none
	status           int
	answered         string // "" when there is no body
}

type parameter struct{ name, in, schema string }

func (d *document) operations(t *testing.T) []operation {
	t.Helper()
	var all []operation
	paths := d.at("/paths").(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for method := range paths[path].(map[string]any) {
			all = append(all, d.operation(t, path, method))
		}
	}
	require.NotEmpty(t, all)
	return all
}

func (d *document) operation(t *testing.T, path, method string) operation {
	t.Helper()
	at := "/paths/" + escape(path) + "/" + method
	whole := d.at(at).(map[string]any)
	o := operation{d: d, t: t, id: whole["operationId"].(string), method: method, path: path}
	listed, _ := whole["parameters"].([]any)
	for i := range listed {
		p := d.follow(at + "/parameters/" + strconv.Itoa(i))
		value := d.at(p).(map[string]any)
		o.parameters = append(o.parameters, parameter{value["name"].(string), value["in"].(string), p + "/schema"})
		if value["in"] == "path" {
			o.inPath = append(o.inPath, value["name"].(string))
		}
	}
	if whole["requestBody"] != nil {
		o.body = at + "/requestBody/content/application~1json/schema"
	}
	statuses := slices.Sorted(maps.Keys(whole["responses"].(map[string]any)))
	o.status, _ = strconv.Atoi(statuses[0])
	response := d.follow(at + "/responses/" + statuses[0])
	content, _ := d.at(response).(map[string]any)["content"].(map[string]any)
	for media := range content {
		o.answered = response + "/content/" + escape(media) + "/schema"
	}
	return o
}

// named is what stands in the path in the place of a parameter.
func named(parameter string) string {
	switch {
	case strings.Contains(parameter, "risonerNumber"), parameter == "firstOffenderNo":
		return "A1234BC"
	case parameter == "secondOffenderNo":
		return "B1234BC"
	case parameter == "typeSequence":
		return "1"
	}
	return anID
}

// filled is the path with what stands in it.
func (o operation) filled() string {
	path := o.path
	for _, parameter := range o.inPath {
		path = strings.Replace(path, "{"+parameter+"}", named(parameter), 1)
	}
	return path
}

// answer is what a server says.
func (o operation) answer(s sampler) (status int, body []byte) {
	if o.answered == "" {
		return o.status, nil
	}
	return o.status, o.d.sample(o.t, o.answered, s)
}

func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// at is the value at a pointer.
func (d *document) at(pointer string) any {
	var value any = d.root
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, _ := strconv.Atoi(key)
			value = v[i]
		}
	}
	return value
}

// follow is where a value is, after its references.
func (d *document) follow(pointer string) string {
	value, _ := d.at(pointer).(map[string]any)
	if ref, is := value["$ref"].(string); is {
		return d.follow(strings.TrimPrefix(ref, "#"))
	}
	return pointer
}

func (d *document) check(pointer string, instance any) error {
	schema, err := d.compiler.Compile(address + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

func (d *document) valid(t *testing.T, pointer string, text []byte) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, d.check(pointer, instance), "%s", text)
}

// validText is for parameters, which are texts on the wire.
func (d *document) validText(t *testing.T, pointer, text string) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil && d.check(pointer, instance) == nil {
		return
	}
	require.NoError(t, d.check(pointer, text), text)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := codec.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
