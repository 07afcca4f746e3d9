package message_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// compiled reads a stored schema; a strict one also refuses keys that it does
// not describe, which consumers are asked to let pass.
func compiled(t *testing.T, file string, strict bool) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(documents, "schemas", file))
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	if strict {
		forbidOthers(document)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource(file, document))
	schema, err := compiler.Compile(file)
	require.NoError(t, err)
	return schema
}

// schemas are those of every event type, strict.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for _, eventType := range []message.EventType{message.EventCreated, message.EventAmended} {
		all[string(eventType)] = compiled(t, string(eventType)+".schema.json", true)
	}
	history := compiled(t, "history.schema.json", true)
	for _, entry := range domain.Events().Types() {
		all[entry.Type] = history
	}
	return all
}

func forbidOthers(schema any) {
	object, is := schema.(map[string]any)
	if !is {
		return
	}
	properties, described := object["properties"].(map[string]any)
	if _, whole := object["required"]; described && whole {
		object["additionalProperties"] = false
	}
	for _, inner := range properties {
		forbidOthers(inner)
	}
}

func valid(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(instance)
}

func TestDocuments_everyExampleIsValid(t *testing.T) {
	for _, kind := range outsides(map[string]bool{}) {
		schema := compiled(t, kind.file, true)
		seen := 0
		for _, e := range examples(t, kind.topic) {
			if kind.belongs(e.message) {
				require.NoError(t, valid(t, schema, e.message.Body), e.name)
				seen++
			}
		}
		require.NotZero(t, seen, kind.key)
	}
}

func TestDocuments_theSchemasRefuseWhatIsWrong(t *testing.T) {
	amended := compiled(t, string(message.EventAmended)+".schema.json", false)
	all := examples(t, message.Domain)
	at := func(name string) string {
		i := slices.IndexFunc(all, func(e example) bool { return e.name == name })
		return string(all[i].message.Body)
	}
	for fault, wrong := range map[string]string{
		"an event type of another schema":        at("opened"),
		"RENUMBERED without the previous number": strings.Replace(at("renumbered"), "previousPrisonerNumber", "someOtherKey", 1),
		"a previous number of a closing":         strings.Replace(at("closed"), `"otherPrisonerNumber"`, `"previousPrisonerNumber":"A9109UD","otherPrisonerNumber"`, 1),
		"a change that is none":                  strings.Replace(at("closed"), "CLOSED", "SHUT", 1),
		"a told migration":                       strings.Replace(at("closed"), `"DPS"`, `"MIGRATION"`, 1),
		"an offset where there is none":          strings.Replace(at("closed"), `"occurredAt":"2026-07-15T12:00:00"`, `"occurredAt":"2026-07-15T12:00:00+01:00"`, 1),
		"no offset where there is one":           strings.Replace(at("closed"), `+01:00","version"`, `","version"`, 1),
		"a prisoner number in small letters":     strings.Replace(at("closed"), `"A9109UD"`, `"a9109ud"`, 1),
		"a position in quotation marks":          strings.Replace(at("closed"), `"revision":5`, `"revision":"5"`, 1),
		"an id that is none":                     strings.Replace(at("closed"), `"nonAssociationId":"018f`, `"nonAssociationId":"x18f`, 1),
		"one identifier in place of two":         strings.Replace(at("closed"), `{"type":"NOMS","value":"A9109UD"},`, "", 1),
		"another kind of identifier than a NOMS": strings.Replace(at("closed"), `"type":"NOMS"`, `"type":"CRN"`, 1),
	} {
		require.NotEqual(t, at("closed"), wrong, fault)
		require.Error(t, valid(t, amended, []byte(wrong)), fault)
	}
	require.NoError(t, valid(t, amended, []byte(strings.Replace(at("closed"), `"version"`, `"aNewKey":1,"version"`, 1))), "unknown keys pass")
}

func TestDocuments_showEveryChangeAndEveryType(t *testing.T) {
	var changes []message.Change
	for _, e := range examples(t, message.Domain) {
		var body message.DomainEvent
		require.NoError(t, json.Unmarshal(e.message.Body, &body))
		changes = append(changes, body.AdditionalInformation.Change)
	}
	require.Subset(t, changes, publishedChanges())
	var types []string
	for _, e := range examples(t, message.History) {
		types = append(types, e.message.Attributes["eventType"].Text)
	}
	for _, entry := range publishedTypes() {
		require.Contains(t, types, entry.Type)
	}
}

func TestDocuments_haveWordsForEveryKeyAndNoOthers(t *testing.T) {
	used := map[string]bool{}
	outsides(used)
	for name := range used {
		require.NotEmpty(t, fieldWords[name], name)
	}
	for name := range fieldWords {
		require.True(t, used[name], "%s is no key of a body", name)
	}
}

// resolve follows a reference inside a document.
func resolve(document any, pointer string) any {
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "#/"), "/") {
		inner, is := document.(map[string]any)
		if !is {
			return nil
		}
		document = inner[key]
	}
	return document
}

// references are all values of $ref below a value.
func references(v any) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		if ref, is := v["$ref"].(string); is {
			all = append(all, ref)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, references(v[key])...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, references(inner)...)
		}
	}
	return all
}

func TestDocuments_asyncAPILeadsNowhereWrong(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(documents, "asyncapi.json"))
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	refs := references(document)
	require.NotEmpty(t, refs)
	for _, ref := range refs {
		if strings.HasPrefix(ref, "#/") {
			require.NotNil(t, resolve(document, ref), ref)
			continue
		}
		require.FileExists(t, filepath.Join(documents, ref))
	}
}

func TestDocuments_asyncAPIShowsValidAttributes(t *testing.T) {
	for _, kind := range outsides(map[string]bool{}) {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(textOf(headers(kind))))
		require.NoError(t, err)
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		require.NoError(t, compiler.AddResource("headers.json", document))
		schema, err := compiler.Compile("headers.json")
		require.NoError(t, err)
		for _, e := range examples(t, kind.topic) {
			if kind.belongs(e.message) {
				require.NoError(t, valid(t, schema, textOf(attributes(e.message))), e.name)
			}
		}
	}
}
