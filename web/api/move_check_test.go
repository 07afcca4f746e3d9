package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// inPrison are those whom the directory of these tests knows.
var inPrison = prisoners{
	"A9109UD": {Number: "A9109UD", PrisonID: "XAB", CellLocation: "A-1-001"},
	"A0135GA": {Number: "A0135GA", PrisonID: "XAB", CellLocation: "A-1-002"},
	"B1111BB": {Number: "B1111BB", PrisonID: "TRN"},
	"C1111CC": {Number: "C1111CC", PrisonID: "XAA", CellLocation: "A-1-002"},
	"D1111DD": {Number: "D1111DD", PrisonID: "XAA", CellLocation: "RECP"},
	"E1111EE": {Number: "E1111EE", PrisonID: "OUT", RestrictedPatient: true},
	"F1111FF": {Number: "F1111FF", PrisonID: "XAB", CellLocation: "A-1-001"},
	"G1111GG": {Number: "G1111GG", PrisonID: "XAA", CellLocation: "B-1-001"},
}

// moveServer is a test server that asks a stand-in over HTTP where people are.
func moveServer(t testing.TB, people prisonersearch.Estate, change ...func(*api.Options)) (*testServer, *prisonersearch.Server) {
	t.Helper()
	server, err := prisonersearch.Serve(context.Background(), people)
	require.NoError(t, err)
	d := directory.New(context.Background(), directory.Options{URL: server.URL(), Clock: clock, Timeout: time.Second})
	t.Cleanup(func() {
		d.Close()
		require.NoError(t, server.Stop())
	})
	h := newTestServer(t, append([]func(*api.Options){func(o *api.Options) {
		o.Whereabouts = whereabouts.New(whereabouts.Options{
			Reads: o.Reads.(*twin), Directory: d, WingParts: domain.WingParts{"XAW": 2}, Clock: clock, Head: o.Head,
		})
	}}, change...)...)
	return h, server
}

// vanList is a test server with records of A9109UD.
func vanList(t testing.TB) (*testServer, *prisonersearch.Server) {
	t.Helper()
	h, server := moveServer(t, inPrison)
	require.Equal(t, http.StatusOK, h.sync(request(
		item("B1111BB", "2021-01-01T00:00:00", ``),
		item("C1111CC", "2022-01-01T00:00:00", ``),
		item("D1111DD", "2023-01-01T00:00:00", ``),
		item("E1111EE", "2024-01-01T00:00:00", ``),
		item("F1111FF", "2025-01-01T00:00:00", ``),
		item("G1111GG", "2100-01-01T00:00:00", ``),
		item("H1111HH", "2026-01-01T00:00:00", ``),
	)).Code)
	return h, server
}

// move is the body of a check; to is JSON.
func move(to string, numbers ...string) string {
	return fmt.Sprintf(`{"prisonerNumbers":["%s"],"prisonId":"XAA","location":%s}`, strings.Join(numbers, `","`), to)
}

func TestMoveCheck_answersWhoWouldBeTooClose(t *testing.T) {
	h, server := vanList(t)
	w := h.call(http.MethodPost, "/checks/move", reader, move(`"A-1"`, "A9109UD", "B1111BB"))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var ids []any
	for _, of := range []string{"B1111BB", "C1111CC", "D1111DD", "H1111HH", "G1111GG", "E1111EE"} {
		ids = append(ids, h.ofPrisoner(of, "?includeOtherPrisons=true").NonAssociations[0].ID)
	}
	position := w.Header().Get("X-Position")
	require.JSONEq(t, fmt.Sprintf(`{"conflicts":[
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"B1111BB","restrictionType":"WING","typeCode":"WING",
			"otherLocation":null,"near":"LANDING","tooClose":true},
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"C1111CC","restrictionType":"WING","typeCode":"WING",
			"otherLocation":"A-1-002","near":"LANDING","tooClose":true}],
		"cannotPlace":[
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"D1111DD","otherLocation":"RECP","why":"NO_CELL"},
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"H1111HH","otherLocation":null,"why":"UNKNOWN"}],
		"leftOut":[
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"E1111EE","why":"RESTRICTED_PATIENT","from":null},
		{"nonAssociationId":%q,"prisonerNumber":"A9109UD","otherPrisonerNumber":"G1111GG","why":"PENDING","from":"2100-01-01"}],
		"locationsAt":"2026-07-15T12:00:00Z","position":`+position+`}`, ids[0], ids[1], ids[2], ids[3], ids[5], ids[4]), w.Body.String())

	again := h.call(http.MethodPost, "/checks/move", reader, move(`"a-1"`, "b1111bb", "a9109ud", "A9109UD"), "If-None-Match", w.Header().Get("ETag"))
	require.Equal(t, http.StatusOK, again.Code, "the other one stands first on the list")
	again = h.call(http.MethodPost, "/checks/move", reader, move(`"xaa-a-1"`, "a9109ud", "b1111bb", "A9109UD"), "If-None-Match", w.Header().Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.Code)

	// While the directory is away the last locations hold, and nobody is unknown.
	server.Down(true)
	away := h.call(http.MethodPost, "/checks/move", reader, move(`null`, "A9109UD", "Z1111ZZ"))
	require.Equal(t, http.StatusOK, away.Code, away.Body.String())
	require.Contains(t, away.Body.String(), `"otherPrisonerNumber":"B1111BB","otherLocation":null,"why":"UNKNOWN"`)
	require.Equal(t, 7, h.facts(), "nothing was stored")
}

func TestMoveCheck_whatNobodyKnowsIsNotFound(t *testing.T) {
	h, server := vanList(t)
	w := h.call(http.MethodPost, "/checks/move", reader, move(`null`, "Z1111ZZ", "A9109UD", "Y1111YY"))
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, 404, errorIn(t, w).code())
	require.Contains(t, errorIn(t, w).DeveloperMessage, "Z1111ZZ, Y1111YY")
	require.NotContains(t, errorIn(t, w).DeveloperMessage, "A9109UD")
	require.Equal(t, http.StatusOK, h.call(http.MethodPost, "/checks/move", reader, move(`null`, "H1111HH")).Code, "the log knows the number")

	w = h.call(http.MethodPost, "/checks/move", reader, `{"prisonerNumbers":["A9109UD"],"prisonId":"XAC"}`)
	require.Equal(t, http.StatusNotFound, w.Code, "a mistyped prison is no empty one")
	require.Equal(t, 404, errorIn(t, w).code())

	server.Down(true)
	w = h.call(http.MethodPost, "/checks/move", reader, `{"prisonerNumbers":["A9109UD"],"prisonId":"XAB"}`)
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "no locations of the prison were ever read")
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "127.0.0.1")
}

// ofCaseloads is a verifier of tokens with the claim caseloads.
type ofCaseloads []domain.PrisonID

func (c ofCaseloads) Verify(ctx context.Context, token string) (auth.Claims, error) {
	claims, err := tokens{}.Verify(ctx, token)
	claims.Caseloads = c
	return claims, err
}

func TestMoveCheck_aCaseloadIsKnownAlsoWhenNobodyIsThere(t *testing.T) {
	h, _ := moveServer(t, inPrison, func(o *api.Options) { o.Verifier = ofCaseloads{"XAC"} })
	for prison, want := range map[string]int{"XAC": http.StatusOK, "xac": http.StatusOK, "XAD": http.StatusNotFound} {
		w := h.call(http.MethodPost, "/checks/move", reader, `{"prisonerNumbers":["A9109UD"],"prisonId":"`+prison+`"}`)
		require.Equal(t, want, w.Code, prison)
	}
}

func TestMoveCheck_takesARemovedNumberForItsSurvivor(t *testing.T) {
	h, _ := vanList(t)
	h.merge("A9109UD", "F1111FF")
	w := h.call(http.MethodPost, "/checks/move", reader, move(`"A-1-009"`, "A9109UD"))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), `"prisonerNumber":"F1111FF","otherPrisonerNumber":"C1111CC"`)
}

func TestMoveCheck_refusesABadQuestion(t *testing.T) {
	many := make([]string, 31)
	for i := range many {
		many[i] = fmt.Sprintf("A%04dAA", i)
	}
	for body, sources := range map[string][]string{
		`{}`:       {"/prisonerNumbers", "/prisonId"},
		`[]`:       {""},
		`null`:     {""},
		move(`""`): {"/prisonerNumbers/0", "/location"},
		`{"prisonerNumbers":[],"prisonId":"XAA"}`:                           {"/prisonerNumbers"},
		`{"prisonerNumbers":null,"prisonId":null}`:                          {"/prisonerNumbers", "/prisonId"},
		`{"prisonerNumbers":"A9109UD","prisonId":1,"location":2}`:           {"/prisonerNumbers", "/prisonId", "/location"},
		`{"prisonerNumbers":["A9109UD",null,"x",7],"prisonId":"XAA"}`:       {"/prisonerNumbers/1", "/prisonerNumbers/2", "/prisonerNumbers/3"},
		move(`null`, many...):                                               {"/prisonerNumbers"},
		move(`" "`, "A9109UD"):                                              {"/location"},
		move(`"A--1"`, "A9109UD"):                                           {"/location"},
		move(`"A-"`, "A9109UD"):                                             {"/location"},
		move(`"XAA-"`, "A9109UD"):                                           {"/location"},
		move(`"A 1"`, "A9109UD"):                                            {"/location"},
		move(`"A\u0000"`, "A9109UD"):                                        {"/location"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":""}`:                     {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"OUT"}`:                  {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"trn"}`:                  {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"XA1"}`:                  {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"XAAA"}`:                 {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"../"}`:                  {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"XAA","prisonId":"XAB"}`: {"/prisonId"},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"XAA"} x`:                {""},
		`{"prisonerNumbers":["A9109UD"],"prisonId":"XAA"`:                   {""},
	} {
		for name, h := range map[string]*testServer{"with": first(moveServer(t, inPrison)), "without": newTestServer(t)} {
			w := h.call(http.MethodPost, "/checks/move", reader, body)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
			require.Equal(t, sources, errorIn(t, w).sources(), "%s a directory: %s", name, body)
			require.Zero(t, h.facts())
		}
	}
	h, server := vanList(t)
	valid := move(`null`, "A9109UD")
	for query, want := range map[string]int{"?atLeast=x": 400, "?atLeast=1&atLeast=2": 400, "?atLeast=9223372036854775807": 503, "?atLeast=1": 200} {
		require.Equal(t, want, h.call(http.MethodPost, "/checks/move"+query, reader, valid).Code, query)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, h.call(http.MethodPost, "/checks/move", reader, valid, "Content-Type", "text/plain").Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, h.call(http.MethodPost, "/checks/move", reader, strings.Repeat(" ", 1<<20)+valid).Code)
	w := h.call(http.MethodPost, "/checks/move", reader, strings.Replace(valid, "{", `{"unknown":[{}],`, 1))
	require.Equal(t, http.StatusOK, w.Code, "unknown fields are ignored")
	require.True(t, json.Valid(w.Body.Bytes()))
	require.NotZero(t, server.Asked())
}

func first(h *testServer, _ *prisonersearch.Server) *testServer { return h }

func TestMoveCheck_withoutADirectoryIsUnavailable(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodPost, "/checks/move", reader, move(`null`, "A9109UD")).Code)
}

// What the directory calls a location goes out as text, however it is spelt.
func TestMoveCheck_hostileLocationsStayText(t *testing.T) {
	hostile := prisoners{
		"C1111CC": estate.Prisoner{Number: "C1111CC", PrisonID: "XAA", CellLocation: `<b>"-1-001`},
		"D1111DD": estate.Prisoner{Number: "D1111DD", PrisonID: "XAA", CellLocation: "A\u0000-1-001"},
	}
	h, _ := moveServer(t, hostile)
	require.Equal(t, http.StatusOK, h.sync(request(item("C1111CC", "2022-01-01T00:00:00", ``), item("D1111DD", "2023-01-01T00:00:00", ``))).Code)
	w := h.call(http.MethodPost, "/checks/move", reader, move(`null`, "A9109UD"))
	require.Equal(t, http.StatusOK, w.Code)
	var found struct {
		Conflicts, CannotPlace []struct {
			OtherLocation *string `json:"otherLocation"`
			Why           string  `json:"why"`
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
	require.Equal(t, `<b>"-1-001`, *found.Conflicts[0].OtherLocation)
	require.Nil(t, found.CannotPlace[0].OtherLocation, "one that cannot be shown is none")
	require.Equal(t, "NO_CELL", found.CannotPlace[0].Why)
}
