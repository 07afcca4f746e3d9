package api_test

import (
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// operationOf is one call of the document.
type operationOf struct {
	name  string // GET /path
	whole map[string]any
}

// operations are all calls of the document, in order.
func operations(t testing.TB) []operationOf {
	t.Helper()
	var all []operationOf
	paths := openContract(t).root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			all = append(all, operationOf{strings.ToUpper(method) + " " + path, item[method].(map[string]any)})
		}
	}
	require.NotEmpty(t, all)
	return all
}

func TestOpenAPI_describesEveryOperation(t *testing.T) {
	tags := map[string]bool{}
	for _, tag := range openContract(t).root["tags"].([]any) {
		tags[tag.(map[string]any)["name"].(string)] = false
	}
	summaries := map[string]string{}
	for _, o := range operations(t) {
		for _, tag := range o.whole["tags"].([]any) {
			require.Contains(t, tags, tag, o.name)
			tags[tag.(string)] = true
		}
		summary, _ := o.whole["summary"].(string)
		require.Regexp(t, `^[A-Z][a-z]+ [^.:;]{5,70}$`, summary, "%s: what the call does, in a few words", o.name)
		require.Empty(t, summaries[summary], "%s has the summary of %s", o.name, summaries[summary])
		summaries[summary] = o.name
		require.Regexp(t, "^[A-Z`].*\\.$", o.whole["description"], "%s: a description is of whole sentences", o.name)
		require.Regexp(t, `^[a-z][A-Za-z]+$`, o.whole["operationId"], o.name)
	}
	for tag, used := range tags {
		require.True(t, used, "no call has the tag %s", tag)
	}
}

// TestOpenAPI_everyCallStatesWhatATokenNeeds: the page shows no roles by itself.
func TestOpenAPI_everyCallStatesWhatATokenNeeds(t *testing.T) {
	said := regexp.MustCompile(`Needs [^.]*\.`)
	for _, o := range operations(t) {
		var expected []string
		if o.needs().token {
			expected = []string{o.needs().sentence()}
		}
		require.Equal(t, expected, said.FindAllString(o.whole["description"].(string), -1), o.name)
	}
}

// TestRoles_ofTheDocumentAreThoseThatAreAsked: TestRoles_mayDoWhatTheTableSays holds each
// guarded call to its roles, and none is missing there.
func TestRoles_ofTheDocumentAreThoseThatAreAsked(t *testing.T) {
	asked := map[string][]string{}
	for _, g := range guarded {
		path, _, _ := strings.Cut(g.path, "?")
		name := g.method + " " + openContract(t).pathOf(path)
		asked[name] = g.roles
		if len(g.roles) == len(allRoles) {
			asked[name] = nil // any
		}
	}
	for _, o := range operations(t) {
		roles, is := asked[o.name]
		require.Equal(t, is, o.needs().token, o.name)
		require.ElementsMatch(t, roles, o.needs().roles, o.name)
		delete(asked, o.name)
	}
	require.Empty(t, asked, "calls that the document does not have")
}

// needs are what a token must carry.
type needs struct {
	token bool
	roles []string // one of them; any when there is none
	scope bool
}

func (o operationOf) needs() needs {
	security := o.whole["security"].([]any)
	n := needs{token: len(security) > 0}
	for _, alternative := range security {
		for _, word := range alternative.(map[string]any)["bearer"].([]any) {
			if word == "write" {
				n.scope = true
				continue
			}
			n.roles = append(n.roles, word.(string))
		}
	}
	return n
}

// sentence is how a description tells it.
func (n needs) sentence() string {
	if len(n.roles) == 0 {
		return "Needs a valid token, with any role."
	}
	scope := map[bool]string{true: " and the scope `write`"}[n.scope]
	return "Needs `ROLE_" + strings.Join(n.roles, "` or `ROLE_") + "`" + scope + "."
}

// TestOpenAPI_everyCallStatesItsRefusals: what is refused for want of a token or a role
// is told by each call that asks for one, and each answer is described.
func TestOpenAPI_everyCallStatesItsRefusals(t *testing.T) {
	for _, o := range operations(t) {
		method, path, _ := strings.Cut(o.name, " ")
		responses := o.whole["responses"].(map[string]any)
		refused := 0
		for status := range responses {
			response, _ := openContract(t).at(t, "paths", path, strings.ToLower(method), "responses", status)
			require.NotEmpty(t, response["description"], "%s %s", o.name, status)
			if strings.HasPrefix(status, "4") {
				refused++
			}
		}
		require.Positive(t, refused, "%s tells of no 4xx", o.name)
		require.Equal(t, o.needs().token, responses["401"] != nil, "%s 401", o.name)
		require.Equal(t, len(o.needs().roles) > 0, responses["403"] != nil, "%s 403", o.name)
	}
}

// TestWrongMethod_isRefusedAsDocumented walks the calls that document it.
func TestWrongMethod_isRefusedAsDocumented(t *testing.T) {
	walked := 0
	for _, o := range operations(t) {
		if _, is := o.whole["responses"].(map[string]any)["405"]; !is {
			continue
		}
		walked++
		method, path, _ := strings.Cut(o.name, " ")
		w, _ := newTestServer(t).answer(http.MethodPatch, strings.Replace(path, "{file}", "index.html", 1), "", "")
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, o.name)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		documented(t, method, path, w.Result(), w.Body.Bytes())
	}
	require.Equal(t, 8, walked)
}

func TestDocument_isServedAtEachOfItsAddresses(t *testing.T) {
	text, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	for _, address := range []string{"/openapi.json", "/v3/api-docs"} {
		w := newTestServer(t).call(http.MethodGet, address, "", "")
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, string(text), w.Body.String())
		again := newTestServer(t).call(http.MethodGet, address, "", "", "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code)
	}
}

func TestPage_otherAddressesLeadThere(t *testing.T) {
	for _, address := range leads {
		w, _ := newTestServer(t).answer(http.MethodGet, address, "", "")
		require.Equal(t, http.StatusFound, w.Code, address)
		require.Equal(t, "/swagger-ui/index.html", w.Header().Get("Location"))
	}
}

// types are the content types of the page's files: a browser that may not
// guess loads nothing else.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".png": "image/png",
}

// TestPage_isServedWhole: its files are those that the document lists.
func TestPage_isServedWhole(t *testing.T) {
	parameters := operations(t)
	i := slices.IndexFunc(parameters, func(o operationOf) bool { return o.name == "GET /swagger-ui/{file}" })
	file := parameters[i].whole["parameters"].([]any)[0].(map[string]any)["schema"].(map[string]any)["enum"].([]any)
	var listed []string
	for _, name := range file {
		listed = append(listed, name.(string))
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(pageFiles(t))), listed)
	for name, text := range pageFiles(t) {
		w := newTestServer(t).call(http.MethodGet, "/swagger-ui/"+name, "", "")
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, text, w.Body.String(), name)
		require.Equal(t, types[path.Ext(name)], w.Header().Get("Content-Type"), name)
		again := newTestServer(t).call(http.MethodGet, "/swagger-ui/"+name, "", "", "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code)
	}
	for _, name := range []string{"LICENSE", "x.js", "..%2Fopenapi.json", "dist"} {
		require.Equal(t, http.StatusNotFound, newTestServer(t).call(http.MethodGet, "/swagger-ui/"+name, "", "").Code, name)
	}
}

// pageFiles are the files that a browser may ask for, by name.
func pageFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, folder := range []string{"swagger-ui", "swagger-ui/dist"} {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, entry := range entries {
			if types[path.Ext(entry.Name())] == "" {
				continue
			}
			text, err := os.ReadFile(path.Join(folder, entry.Name()))
			require.NoError(t, err)
			files[entry.Name()] = string(text)
		}
	}
	return files
}

// TestPageItself_holdsNoScriptAndLoadsNothingFromElsewhere: the policy of the
// page allows neither.
func TestPageItself_holdsNoScriptAndLoadsNothingFromElsewhere(t *testing.T) {
	page := pageFiles(t)["index.html"]
	require.NotRegexp(t, `<script(?: [^>]*)?>[^<]`, page)
	require.NotRegexp(t, `<style|\son[a-z]+=|javascript:|style=`, page)
	for _, from := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, from[1] == "/v3/api-docs" || pageFiles(t)[from[1]] != "", from[1])
	}
	require.NotContains(t, pageFiles(t)["swagger-initializer.js"], "//petstore")
	require.NotRegexp(t, `https?://`, pageFiles(t)["swagger-initializer.js"])
}
