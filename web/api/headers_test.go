package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every route that takes a body takes it as every client says that it is JSON,
// and as nothing else.
func TestRoute_readsEverySpellingOfJSON(t *testing.T) {
	good := []string{
		"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8",
		`application/json; charset="utf-8"`, `application/json;charset="UTF8"`, "application/json; charset=utf8", "application/json; charset=UTF8",
		"application/json; charset=Utf_8", "application/json ; charset=utf-8", "application/json; version=1; charset=utf8", "application/json;",
	}
	bad := []string{
		"", "text/plain", "text/json", "application/problem+json", "application/json; charset=utf-16", "application/json; charset=utf-16le",
		"application/json; charset=iso-8859-1", "application/json; charset=us-ascii", `application/json; charset=""`, "application/json; charset",
		"application/json; charset=utf88", "application/json, application/json", "application/jsonutf8", "charset=utf8",
	}
	walked := bodied(t)
	for _, g := range guarded {
		if !slices.Contains(walked, g.method+" "+openContract(t).pathOf(strings.Split(g.path, "?")[0])) {
			continue
		}
		walked = slices.DeleteFunc(walked, func(route string) bool {
			return route == g.method+" "+openContract(t).pathOf(strings.Split(g.path, "?")[0])
		})
		token := "SOMEBODY:" + g.roles[0] + ":write"
		h := newStaffServer(t)
		for _, media := range bad {
			w := h.call(g.method, g.path, token, g.body, "Content-Type", media)
			require.Equal(t, http.StatusUnsupportedMediaType, w.Code, "%s %s as %q", g.method, g.path, media)
		}
		require.Zero(t, h.facts(), "%s %s", g.method, g.path)
		for _, media := range good {
			w := h.call(g.method, g.path, token, g.body, "Content-Type", media)
			require.NotEqual(t, http.StatusUnsupportedMediaType, w.Code, "%s %s as %q", g.method, g.path, media)
			require.NotEqual(t, http.StatusBadRequest, w.Code, "%s %s as %q: %s", g.method, g.path, media, w.Body)
		}
	}
	require.Empty(t, walked, "routes that were not walked")
}

// bodied are the documented routes that take a body.
func bodied(t *testing.T) []string {
	t.Helper()
	var routes []string
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if _, takes := operation.(map[string]any)["requestBody"]; takes {
				routes = append(routes, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return routes
}

// Every read that gives an entity tag knows it again, wherever in a list of tags
// it stands, and in no other tag.
func TestReads_knowTheirTagInAList(t *testing.T) {
	h, _ := moveServer(t, inPrison)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	require.Equal(t, http.StatusCreated, h.call(http.MethodPost, "/mapping/non-associations", mapper, newMapping(id, 2)).Code)
	migrated := toldIn(t, h.call(http.MethodPost, "/migrate", migrator, sequenced("A0001AA", 1), "X-Correlation-Id", anID))
	require.Equal(t, "CREATED", kinds(migrated))
	walked := tagged(t)
	reads := []struct{ method, path, token, body string }{
		{http.MethodGet, "/non-associations/A9109UD", reader, ""},
		{http.MethodGet, "/non-associations/" + id, reader, ""},
		{http.MethodGet, "/non-associations/A9109UD/history", reader, ""},
		{http.MethodGet, "/non-associations/" + id + "/history", reader, ""},
		{http.MethodGet, "/non-associations", reader, ""},
		{http.MethodGet, "/prisoner/A9109UD/non-associations", reader, ""},
		{http.MethodPost, "/non-associations/between", reader, `["A9109UD","A0135GA"]`},
		{http.MethodPost, "/non-associations/involving", reader, `["A9109UD"]`},
		{http.MethodPost, "/checks/move", reader, `{"prisonerNumbers":["A9109UD"],"prisonId":"XAA"}`},
		{http.MethodGet, "/subject-access-request?prn=A9109UD", subjectReader, ""},
		{http.MethodGet, "/subject-access-request/template", subjectReader, ""},
		{http.MethodGet, "/constants", reader, ""},
		{http.MethodGet, "/legacy/api/offenders/A9109UD/non-association-details", reader, ""},
		{http.MethodGet, "/nomis/switch-over", operator, ""},
		{http.MethodGet, "/nomis/switch-over/history", operator, ""},
		{http.MethodGet, "/non-associations/" + id + "/delivery", reader, ""},
		{http.MethodGet, "/mapping/non-associations/non-association-id/" + id, mapper, ""},
		{http.MethodGet, "/mapping/non-associations/non-association-id/" + id + "/history", mapper, ""},
		{http.MethodGet, "/mapping/non-associations/first-offender-no/A9109UD/second-offender-no/A0135GA/type-sequence/2", mapper, ""},
		{http.MethodGet, "/mapping/non-associations/migration-id/" + anID, mapper, ""},
		{http.MethodGet, "/mapping/non-associations/migrated/latest", mapper, ""},
		{http.MethodGet, "/info", "", ""},
		{http.MethodGet, "/openapi.json", "", ""},
		{http.MethodGet, "/v3/api-docs", "", ""},
		{http.MethodGet, "/swagger-ui/index.html", "", ""},
	}
	for _, read := range reads {
		route := read.method + " " + openContract(t).pathOf(strings.Split(read.path, "?")[0])
		walked = slices.DeleteFunc(walked, func(other string) bool { return other == route })
		tag := h.call(read.method, read.path, read.token, read.body).Header().Get("ETag")
		require.NotEmpty(t, tag, route)
		for _, list := range []string{tag, "W/" + tag, `"a", ` + tag, tag + `,"a"`, `"a,b" ,W/` + tag + ", ", "*", ` ,"",` + tag} {
			w := h.call(read.method, read.path, read.token, read.body, "If-None-Match", list)
			require.Equal(t, http.StatusNotModified, w.Code, "%s: %s", route, list)
			require.Equal(t, tag, w.Header().Get("ETag"))
			require.Empty(t, w.Body.String())
		}
		// A tag may hold a comma, a star and what looks like another's beginning.
		for _, list := range []string{`"a"`, `"a,*,b"`, `"a, ` + tag[1:], tag[:len(tag)-1] + `,b"`, tag[1:], "*, " + tag, tag + ", *", tag + " x", "w/" + tag, ""} {
			w := h.call(read.method, read.path, read.token, read.body, "If-None-Match", list)
			require.Equal(t, http.StatusOK, w.Code, "%s: %s", route, list)
		}
	}
	require.Empty(t, walked, "reads that were not walked")
}

// tagged are the documented reads that answer 304.
func tagged(t *testing.T) []string {
	t.Helper()
	var routes []string
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if _, has := operation.(map[string]any)["responses"].(map[string]any)["304"]; has {
				routes = append(routes, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return routes
}
