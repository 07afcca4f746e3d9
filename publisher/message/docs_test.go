package message_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// update is what go generate gives: docs/events is written in place of compared.
var update = flag.Bool("update", false, "write docs/events")

const documents = "../../docs/events"

func raw(text []byte) json.RawMessage { return json.RawMessage(text) }

// pretty ends with a line feed, as files do.
func pretty(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, textOf(v), "", "  "))
	return append(b.Bytes(), '\n')
}

// generated is every file of docs/events.
func generated(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"asyncapi.json": pretty(t, asyncAPI(t)), "README.md": readme(t)}
	for _, kind := range outsides(map[string]bool{}) {
		files["schemas/"+kind.file] = pretty(t, kind.document())
	}
	for _, e := range examples(t, message.Domain) {
		files["examples/"+e.name+".json"] = pretty(t, raw(e.message.Body))
	}
	for _, e := range examples(t, message.History) {
		files["examples/history/"+e.name+".json"] = pretty(t, raw(e.message.Body))
	}
	files["examples/as-on-a-queue.json"] = pretty(t, onAQueue(t, examples(t, message.Domain)[0].message))
	return files
}

// onAQueue is a message as SQS holds it when SNS does not deliver it raw.
func onAQueue(t *testing.T, m message.Message) object {
	t.Helper()
	var around object
	for _, attribute := range attributes(m) {
		kind, value := "String", attribute.value
		if list, is := value.([]string); is {
			kind, value = "String.Array", string(textOf(list))
		}
		around = append(around, member{attribute.key, object{{"Type", kind}, {"Value", value}}})
	}
	return object{
		{"Type", "Notification"},
		{"MessageId", "5f1c1a2e-2f0d-5b1e-9c53-47d4a1f0c0de"},
		{"TopicArn", "arn:aws:sns:eu-west-2:000000000000:domain-events"},
		{"Message", string(m.Body)},
		{"Timestamp", "2026-07-15T11:00:00.170Z"},
		{"MessageAttributes", around},
	}
}

// readme is the template with the tables that follow from the code.
func readme(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/events.md.tmpl")
	require.NoError(t, err)
	page, err := template.New("events").Funcs(template.FuncMap{"join": join}).Parse(string(text))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, page.Execute(&b, map[string]any{"Rules": message.Rules(), "Types": publishedTypes()}))
	return b.Bytes()
}

func join(words any) string {
	var texts []string
	switch words := words.(type) {
	case []domain.Source:
		for _, w := range words {
			texts = append(texts, string(w))
		}
	case []message.Change:
		for _, w := range words {
			texts = append(texts, "`"+string(w)+"`")
		}
	}
	return strings.Join(texts, ", ")
}

func TestDocuments_areFresh(t *testing.T) {
	files := generated(t)
	if *update {
		require.NoError(t, os.RemoveAll(documents))
		for name, content := range files {
			path := filepath.Join(documents, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, content, 0o644))
		}
	}
	var there []string
	require.NoError(t, filepath.WalkDir(documents, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(documents, path)
		there = append(there, name)
		return err
	}))
	for name, content := range files {
		require.Contains(t, there, name, "run: go generate ./publisher")
		stored, err := os.ReadFile(filepath.Join(documents, name))
		require.NoError(t, err)
		require.Equal(t, string(content), string(stored), "%s is stale; run: go generate ./publisher", name)
	}
	require.Len(t, there, len(files), "a file that nothing generates: %v", there)
}
