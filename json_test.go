package nonassociations_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The standard library's reader of JSON takes a name in any letter case, and the
// last of several; so does a strict reader that is told to.
const (
	stdJSON  = "encoding/json"
	v1JSON   = "github.com/go-json-experiment/json/v1"
	v2JSON   = "github.com/go-json-experiment/json"
	textJSON = "github.com/go-json-experiment/json/jsontext"
)

// laxReads are the files that read JSON so, with why that is right.
var laxReads = map[string]string{
	"domain/catalogue.go":              "facts of this service as its encoder beside it wrote them; domain has the standard library alone, and reads of a log hand in the strict reader",
	"domain/facts_seen.go":             "ids of facts, which have no names to read; domain has the standard library alone",
	"domain/command.go":                "a command that a fact of this service keeps, as keepCommand beside it wrote it",
	"eventstore/esdbserver/rights.go":  "the embedded server reads the rights that its administrator set, to play the part of a real one",
	"projections/rebuild/differing.go": "documents of the read model, as this service wrote them, to say where two that are known to differ do so; numbers keep their digits",
	"nomis/object.go":                  "names are compared exactly, and one that comes twice is put out of use: NOMIS's messages may hold anything beside what is read",
	"web/auth/keyset.go":               "names are compared exactly; a fault inside one key must refuse that key alone, and each key is read strictly",
}

// isForDevelopment reports whether production code never imports a file's package.
func isForDevelopment(file string) bool {
	return strings.HasPrefix(file, "internal/dev/") || strings.HasPrefix(file, "cmd/bench/") || strings.HasPrefix(file, "cmd/dev/")
}

// TestJSON_ofStrangersIsReadExactly walks all code of production for readers
// that take a name in any letter case, or more than once.
func TestJSON_ofStrangersIsReadExactly(t *testing.T) {
	listing, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.go").Output()
	require.NoError(t, err)
	files, reads := strings.Fields(string(listing)), map[string]bool{}
	require.Greater(t, len(files), 100)
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") && !isForDevelopment(file) && readsLaxly(t, file) {
			reads[file] = true
			require.NotEmpty(t, laxReads[file], "%s reads names of JSON in any letter case, or twice: read them exactly (%s), or say why not", file, v2JSON)
		}
	}
	for file := range laxReads {
		require.True(t, reads[file], "%s reads exactly and needs no reason", file)
	}
}

// laxNames are what a package has that reads so.
var laxNames = map[string][]string{
	stdJSON: {"Unmarshal", "NewDecoder", "Decoder"}, v1JSON: {"Unmarshal", "NewDecoder", "Decoder", "DefaultOptionsV1"},
	v2JSON: {"MatchCaseInsensitiveNames"}, textJSON: {"AllowDuplicateNames"},
}

func readsLaxly(t *testing.T, file string) bool {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	imported := map[string]string{}
	for _, one := range tree.Imports {
		whole, err := strconv.Unquote(one.Path.Value)
		require.NoError(t, err)
		name := path.Base(whole)
		if whole == v1JSON {
			name = "json"
		}
		if one.Name != nil {
			name = one.Name.Name
		}
		imported[name] = whole
	}
	found := false
	ast.Inspect(tree, func(node ast.Node) bool {
		selected, is := node.(*ast.SelectorExpr)
		if !is {
			return true
		}
		if name, is := selected.X.(*ast.Ident); is && slices.Contains(laxNames[imported[name.Name]], selected.Sel.Name) {
			found = true
		}
		return true
	})
	return found
}

// timeOuts are those that a server of HTTP must set: without one, a slow
// client keeps a connection for ever.
var timeOuts = []string{"ReadHeaderTimeout", "ReadTimeout", "WriteTimeout", "IdleTimeout"}

// TestServer_ofProductionLimitsItsTimes walks all servers that code outside
// development makes.
func TestServer_ofProductionLimitsItsTimes(t *testing.T) {
	listing, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.go").Output()
	require.NoError(t, err)
	walked := 0
	for file := range strings.FieldsSeq(string(listing)) {
		if strings.HasSuffix(file, "_test.go") || isForDevelopment(file) {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(node ast.Node) bool {
			if of, is := node.(*ast.SelectorExpr); is && isOf(of, "http") {
				require.NotContains(t, []string{"ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"}, of.Sel.Name, "%s serves without time-outs", file)
			}
			made, is := node.(*ast.CompositeLit)
			if !is {
				return true
			}
			if of, is := made.Type.(*ast.SelectorExpr); is && isOf(of, "http") && of.Sel.Name == "Server" {
				walked++
				require.Subset(t, keysOf(made), timeOuts, "%s makes a server", file)
			}
			return true
		})
	}
	require.Positive(t, walked)
}

func isOf(of *ast.SelectorExpr, name string) bool {
	ident, is := of.X.(*ast.Ident)
	return is && ident.Name == name
}

func keysOf(made *ast.CompositeLit) []string {
	var keys []string
	for _, element := range made.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			if key, is := pair.Key.(*ast.Ident); is {
				keys = append(keys, key.Name)
			}
		}
	}
	return keys
}
