package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/api"
)

// isRaw tells whether a character must not stand raw in an answer; a line feed
// between two lines may.
func isRaw(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r == 0xfffe || r == 0xffff
}

func holdsRaw(text string) bool { return strings.ContainsFunc(text, isRaw) }

// everyRaw is a text of all such characters that NOMIS may send: all but NUL.
var everyRaw = func() string {
	var b strings.Builder
	for r := range rune(0x10000) {
		if isRaw(r) && r != 0 {
			b.WriteRune(r)
		}
	}
	return "<" + b.String() + "\n>"
}()

// rawTextServer holds one record of NOMIS and one of staff, in whose every text all
// characters stand that JSON allows raw, deeds of staff with such texts, and
// prisoners of such names.
func rawTextServer(t *testing.T) (*testServer, map[string]string) {
	t.Helper()
	book := phoneBook{known: map[domain.PrisonerNumber]string{"A9109UD": everyRaw, "A0135GA": everyRaw, "B2222BB": everyRaw}}
	h := newTestServer(t, withBook(book), func(o *api.Options) {
		reads, _ := o.Reads.(*twin)
		o.Commands = commands.New(reads.store, commands.Options{Clock: clock, Locator: reads, Directory: new(register), Timeout: 5 * time.Second})
	})
	comment := quoted(t, everyRaw)
	user := string([]rune(everyRaw)[10:]) + ":NON_ASSOCIATIONS_SYNC,WRITE_NON_ASSOCIATIONS,DELETE_NON_ASSOCIATIONS,REOPEN_NON_ASSOCIATIONS:write"
	w := h.call(http.MethodPost, "/sync", user, request(item("A0135GA", "2021-01-01T00:00:00",
		`"comments":`+comment+`,"authorisedBy":`+quoted(t, string([]rune(everyRaw)[30:]))+`,`)))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	ids := map[string]string{"theirs": toldIn(t, w).Results[0].NonAssociationID}

	// Of staff no control characters are taken, but the two others are.
	typed := quoted(t, typedRaw)
	w = h.call(http.MethodPost, "/non-associations", user, fmt.Sprintf(`{"firstPrisonerNumber":"A9109UD","firstPrisonerRole":"VICTIM",
		"secondPrisonerNumber":"B2222BB","secondPrisonerRole":"VICTIM","reason":"OTHER","restrictionType":"CELL","comment":%s}`, typed))
	ids["ours"] = staffIn(t, w, http.StatusCreated).ID
	for _, deed := range []struct{ method, path, body string }{
		{http.MethodPatch, "", `{"comment":` + quoted(t, typedRaw+"!") + `}`},
		{http.MethodPut, "/close", `{"closedReason":` + typed + `,"closedBy":` + typed + `}`},
		{http.MethodPut, "/reopen", `{"reopenReason":` + typed + `,"reopenedBy":` + typed + `}`},
		{http.MethodPut, "/close", `{"closedReason":` + typed + `,"closedBy":` + typed + `}`},
	} {
		w := h.call(deed.method, "/non-associations/"+ids["ours"]+deed.path, user, deed.body)
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", deed.path, w.Body)
		require.True(t, holds(t, w.Body.Bytes(), typedRaw), "%s", w.Body)
	}
	return h, ids
}

const typedRaw = "\t\ufffe\r\n\uffff."

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	require.NoError(t, err)
	return string(b)
}

// holds tells whether any text in JSON, one value a line, holds another one.
func holds(t *testing.T, body []byte, wanted string) bool {
	t.Helper()
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return false
		}
		require.NoError(t, err)
		if text, is := token.(string); is && strings.Contains(text, wanted) {
			return true
		}
	}
}

// Every read there is, of everything that holds such texts: none goes out raw,
// each reads back as it came, and the entity tag goes on to mean the answer.
func TestAnswers_holdNoRawControlCharacter(t *testing.T) {
	h, ids := rawTextServer(t)
	spoke := map[string]bool{}
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			body := map[string]string{"/non-associations/between": `["A9109UD","A0135GA","B2222BB"]`, "/non-associations/involving": `["A9109UD"]`}[path]
			if method != "get" && body == "" {
				continue
			}
			for _, reference := range []string{"A9109UD", "A0135GA", ids["theirs"], ids["ours"]} {
				target := strings.NewReplacer("{reference}", reference, "{prisonerNumber}", "A9109UD").Replace(path)
				w := h.call(strings.ToUpper(method), target+"?includeClosed=true&includeOtherPrisons=true&prn=A9109UD", everyRole, body)
				if w.Code == http.StatusBadRequest { // not the parameters of this one
					w = h.call(strings.ToUpper(method), target, everyRole, body)
				}
				require.False(t, holdsRaw(w.Body.String()), "%s %s: %q", method, target, w.Body)
				if isJSON(w) && (holds(t, w.Body.Bytes(), everyRaw) || holds(t, w.Body.Bytes(), typedRaw)) {
					spoke[path] = true
				}
				if etag := w.Header().Get("ETag"); etag != "" && w.Code == http.StatusOK {
					again := h.call(strings.ToUpper(method), target+"?includeClosed=true&includeOtherPrisons=true&prn=A9109UD", everyRole, body, "If-None-Match", etag)
					require.Equal(t, http.StatusNotModified, again.Code, "%s %s", method, target)
				}
			}
		}
	}
	var all []string
	for path := range spoke {
		all = append(all, path)
	}
	slices.Sort(all)
	require.Equal(t, []string{
		"/history", "/legacy/api/offenders/{prisonerNumber}/non-association-details", "/non-associations", "/non-associations/between", "/non-associations/involving",
		"/non-associations/{reference}", "/non-associations/{reference}/history",
		"/prisoner/{prisonerNumber}/non-associations", "/subject-access-request",
	}, all)
}

func isJSON(w *recorder) bool {
	return slices.Contains([]string{"application/json", "application/x-ndjson"}, w.Header().Get("Content-Type"))
}

// A refusal names the caller's own keys.
func TestRefusals_holdNoRawControlCharacter(t *testing.T) {
	h := newStaffServer(t)
	for r := range rune(0x10000) {
		if !isRaw(r) {
			continue
		}
		key := quoted(t, "x"+string(r))
		w := h.sync(extra(key + ":1," + key + ":2"))
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Equal(t, []string{items0 + "/x" + string(r)}, errorIn(t, w).sources())
		require.False(t, holdsRaw(w.Body.String()), "%q", w.Body)
	}
}

// What NOMIS tells again in the same characters is the same.
func TestControlCharacters_sentAgainChangeNothing(t *testing.T) {
	h := newTestServer(t)
	for range 2 {
		w := h.sync(request(item("A0135GA", "2021-01-01T00:00:00", `"comments":`+quoted(t, everyRaw)+`,`)))
		require.Equal(t, http.StatusOK, w.Code)
	}
	require.Equal(t, 1, h.facts())
}

// A key and an entity tag mean the same request and the same record as ever.
func TestRepeat_byKeyWithRawCharactersAnswersAsTheFirstDid(t *testing.T) {
	h, _ := newKeyedServer(t)
	body := strings.Replace(newOne, "They keep fighting", "\ufffeThey\uffff", 1)
	first := h.call(http.MethodPost, "/non-associations", writer, body, "Idempotency-Key", "k")
	again := h.call(http.MethodPost, "/non-associations", writer, body, "Idempotency-Key", "k")
	require.Equal(t, http.StatusCreated, first.Code, first.Body)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, ofAnyRequest(first.Header()), ofAnyRequest(again.Header()))
	other := h.call(http.MethodPost, "/non-associations", writer, strings.Replace(body, "\ufffe", `\ufffe`, 1), "Idempotency-Key", "k")
	require.Equal(t, http.StatusUnprocessableEntity, other.Code, "another body, though it means the same")
	id := staffIn(t, first, http.StatusCreated).ID
	read := h.call(http.MethodGet, "/non-associations/"+id, reader, "")
	require.Equal(t, first.Header().Get("ETag"), read.Header().Get("ETag"))
	require.Equal(t, http.StatusOK, h.amend(id, `{"comment":"\uffff"}`, "If-Match", read.Header().Get("ETag")).Code)
	require.Equal(t, http.StatusPreconditionFailed, h.amend(id, `{"comment":"x"}`, "If-Match", read.Header().Get("ETag")).Code)
}
