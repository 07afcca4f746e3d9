package api

import (
	"bytes"
	_ "embed" // for the document and its page
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// openAPI is the contract of this edge. A test holds it and the handlers to
// each other.
//
//go:embed openapi.json
var openAPI []byte

//go:embed docs.gohtml
var docsPage string

// document is what the page shows of the OpenAPI document.
type document struct {
	Info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	} `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Parameters map[string]parameter      `json:"parameters"`
		Responses  map[string]response       `json:"responses"`
		Schemas    map[string]jsontext.Value `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Summary     string                `json:"summary"`
	Description string                `json:"description"`
	Security    []map[string][]string `json:"security"`
	Parameters  []parameter           `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Examples map[string]struct {
				Summary string         `json:"summary"`
				Value   jsontext.Value `json:"value"`
			} `json:"examples"`
		} `json:"content"`
	} `json:"requestBody"`
	Responses map[string]response `json:"responses"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
}

type response struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
}

// Roles are those of which one is needed.
func (o operation) Roles() []string {
	var roles []string
	for _, alternative := range o.Security {
		roles = append(roles, alternative["bearer"]...)
	}
	return slices.DeleteFunc(roles, func(word string) bool { return word == scopeWrite })
}

// Scope is the scope that is needed beside the role, "" when none is.
func (o operation) Scope() string {
	if len(o.Security) > 0 && slices.Contains(o.Security[0]["bearer"], scopeWrite) {
		return scopeWrite
	}
	return ""
}

// documentation is the page for people, made once from the document.
func documentation() []byte {
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		panic("the embedded OpenAPI document cannot be read: " + err.Error()) // a bug: a test reads it
	}
	page := template.Must(template.New("docs").Funcs(template.FuncMap{
		"parameter": func(p parameter) parameter { return resolve(d.Components.Parameters, p.Ref, p) },
		"response":  func(r response) response { return resolve(d.Components.Responses, r.Ref, r) },
		"pretty":    pretty,
		"paths":     func() []string { return slices.Sorted(maps.Keys(d.Paths)) },
		"upper":     strings.ToUpper,
	}).Parse(docsPage))
	var out bytes.Buffer
	if err := page.Execute(&out, d); err != nil {
		panic("the documentation page cannot be made: " + err.Error()) // a bug: a test makes it
	}
	return out.Bytes()
}

// resolve follows a reference to one of the components, if there is one.
func resolve[T any](components map[string]T, ref string, otherwise T) T {
	if ref == "" {
		return otherwise
	}
	return components[ref[strings.LastIndex(ref, "/")+1:]]
}

func pretty(v jsontext.Value) (string, error) {
	v = v.Clone()
	err := v.Indent(jsontext.WithIndent("  "))
	return string(v), err
}
