package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type shortBody struct {
	ID                   string `json:"id"`
	FirstPrisonerNumber  string `json:"firstPrisonerNumber"`
	SecondPrisonerNumber string `json:"secondPrisonerNumber"`
	WhenCreated          string `json:"whenCreated"`
}

func yearsOf(all []shortBody) string {
	var years []string
	for _, n := range all {
		years = append(years, n.WhenCreated[:4])
	}
	return strings.Join(years, " ")
}

func (h *testServer) group(path, body string) string {
	h.t.Helper()
	w := h.call(http.MethodPost, "/non-associations/"+path, reader, body)
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	var all []shortBody
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &all))
	return yearsOf(all)
}

func TestGroups_betweenAndInvolving(t *testing.T) {
	h, server := search(t)
	h.sync(`{"prisonerNumber":"C1111CC","nonAssociations":[` + item("B1111BB", "2025-01-01T00:00:00", "") + `]}`)
	for _, c := range []struct{ query, body, between, involving string }{
		{"", `["A9109UD","B1111BB"]`, "2021", "2021 2023 2024 2025 2100"},
		{"", `["b1111bb","a9109ud","B1111BB"]`, "2021", "2021 2023 2024 2025 2100"},
		{"", `["A9109UD","B1111BB","C1111CC"]`, "2021 2023 2025", "2021 2023 2024 2025 2100"},
		{"?includeClosed=true", `["A9109UD","C1111CC"]`, "2022 2023", "2021 2022 2023 2024 2025 2100"},
		{"?includeClosed=true&includeOpen=false", `["A9109UD","C1111CC"]`, "2022", "2022"},
		{"", `["B1111BB","D1111DD"]`, "", "2021 2024 2025"},
		{"", `["F1111FF","G1111GG"]`, "", ""},
	} {
		require.Equal(t, c.between, h.group("between"+c.query, c.body), c)
		require.Equal(t, c.involving, h.group("involving"+c.query, c.body), c)
	}
	require.Equal(t, "2021 2023 2024 2100", h.group("involving", `["A9109UD"]`))

	all := `["A9109UD","B1111BB","C1111CC","D1111DD","E1111EE"]`
	require.Equal(t, "2021 2023 2025 2100", h.group("between?prisonId=MDI", all), "whose prison is not known is kept")
	require.Equal(t, "2021 2023 2025 2100", h.group("between?prisonId=mdi", all))
	require.Empty(t, h.group("between?prisonId=LEI", `["A9109UD","D1111DD"]`), "one of the two is not enough")
	server.Down(true)
	require.Equal(t, "2021", h.group("between?prisonId=MDI", `["A9109UD","B1111BB"]`), "remembered")
}

func TestGroup_mayBeLarge(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	require.Equal(t, "2021", h.group("between?includeClosed=true", many(10_000)))
	w := h.call(http.MethodPost, "/non-associations/between", reader, many(10_001))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, errorIn(t, w).DeveloperMessage, "10000")
}

// many numbers begin with those of the record.
func many(count int) string {
	all := []string{`"A9109UD"`, `"A0135GA"`}
	for i := len(all); i < count; i++ {
		all = append(all, fmt.Sprintf(`"Z%04d%cZ"`, i%10_000, 'A'+i/10_000))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestGroups_badBodies(t *testing.T) {
	h := newTestServer(t)
	for name, c := range map[string]struct{ body, source string }{
		"nobody":         {`[]`, ""},
		"one":            {`["A9109UD"]`, ""},
		"one twice":      {`["A9109UD","a9109ud"]`, ""},
		"null":           {`null`, ""},
		"object":         {`{"prisonerNumbers":["A9109UD","A0135GA"]}`, ""},
		"text":           {`"A9109UD"`, ""},
		"bad number":     {`["A9109UD","A0135GA","A1"]`, "/2"},
		"null number":    {`["A9109UD","A0135GA",null]`, "/2"},
		"number number":  {`["A9109UD",7,"A0135GA"]`, "/1"},
		"list in a list": {`[["A9109UD","A0135GA"],"A9109UD","A0135GA"]`, "/0"},
		"two values":     {`["A9109UD","A0135GA"] []`, ""},
		"not closed":     {`["A9109UD","A0135GA"`, ""},
		"comma":          {`["A9109UD","A0135GA",]`, ""},
		"nothing":        {` `, ""},
		"byte order":     {"\ufeff" + `["A9109UD","A0135GA"]`, ""},
	} {
		w := h.call(http.MethodPost, "/non-associations/between", reader, c.body)
		require.Equal(t, http.StatusBadRequest, w.Code, name)
		require.Equal(t, 102, errorIn(t, w).code())
		require.Len(t, errorIn(t, w).Errors, 1, name)
		if c.source != "" {
			require.Equal(t, c.source, errorIn(t, w).Errors[0].Source, name)
		}
	}
	two := h.call(http.MethodPost, "/non-associations/involving", reader, `["x",null]`)
	require.Equal(t, []string{"/0", "/1"}, errorIn(t, two).sources())
	for query, source := range map[string]string{
		"includeOpen=false": "includeOpen", "prisonId=": "prisonId", "prisonId=M%20I": "prisonId", "prisonId=ABCDEFGHIJKLM": "prisonId",
		"includeClosed=1": "includeClosed",
	} {
		w := h.call(http.MethodPost, "/non-associations/between?"+query, reader, `["A9109UD","A0135GA"]`)
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, []string{source}, errorIn(t, w).sources())
	}
	require.Equal(t, http.StatusUnsupportedMediaType,
		h.call(http.MethodPost, "/non-associations/between", reader, `["A9109UD","A0135GA"]`, "Content-Type", "text/plain").Code)
	require.Equal(t, http.StatusRequestEntityTooLarge,
		h.call(http.MethodPost, "/non-associations/involving", reader, strings.Repeat(" ", 1<<20)+`["A9109UD"]`).Code)
}
