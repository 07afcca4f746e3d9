package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/queries"
)

type pageBody struct {
	Content       []shortBody `json:"content"`
	Last          bool        `json:"last"`
	First         bool        `json:"first"`
	Number        int         `json:"number"`
	TotalElements int         `json:"totalElements"`
	Pageable      struct {
		Offset int `json:"offset"`
	} `json:"pageable"`
}

func (h *testServer) page(path string) (pageBody, string) {
	h.t.Helper()
	w := h.call(http.MethodGet, path, reader, "")
	require.Equal(h.t, http.StatusOK, w.Code, "%s: %s", path, w.Body)
	var body pageBody
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &body))
	return body, next(w)
}

// next is where Link leads.
func next(w *httptest.ResponseRecorder) string {
	link, is := strings.CutSuffix(w.Header().Get("Link"), `>; rel="next"`)
	if !is {
		return ""
	}
	return strings.TrimPrefix(link, "<")
}

// five are non-associations of five years, the first of them closed.
func five(t testing.TB) *testServer {
	h := newTestServer(t)
	items := []string{item("B0000BB", "2020-01-01T00:00:00", `"expiryDate":"2020-02-01T00:00:00",`)}
	for year := 2021; year < 2025; year++ {
		items = append(items, item(fmt.Sprintf("B%04dBB", year), fmt.Sprintf("%d-01-01T00:00:00", year), ""))
	}
	require.Equal(t, http.StatusOK, h.sync(request(items...)).Code)
	return h
}

func TestPage_isWrittenAsSpringDoes(t *testing.T) {
	h := five(t)
	w := h.call(http.MethodGet, "/non-associations?size=1&includeClosed=true&sort=whenCreated,DESC&page=1", reader, "")
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Len(t, body["content"], 1)
	delete(body, "content")
	rest, err := json.Marshal(body)
	require.NoError(t, err)
	require.JSONEq(t, `{"pageable":{"pageNumber":1,"pageSize":1,"sort":{"empty":false,"sorted":true,"unsorted":false},"offset":1,
		"paged":true,"unpaged":false},"last":false,"totalPages":5,"totalElements":5,"size":1,"number":1,
		"sort":{"empty":false,"sorted":true,"unsorted":false},"first":false,"numberOfElements":1,"empty":false}`, string(rest))
	require.True(t, strings.HasPrefix(w.Body.String(), `{"content":[`))

	w = newTestServer(t).call(http.MethodGet, "/non-associations", reader, "")
	require.JSONEq(t, `{"content":[],"pageable":{"pageNumber":0,"pageSize":20,"sort":{"empty":false,"sorted":true,"unsorted":false},
		"offset":0,"paged":true,"unpaged":false},"last":true,"totalPages":0,"totalElements":0,"size":20,"number":0,
		"sort":{"empty":false,"sorted":true,"unsorted":false},"first":true,"numberOfElements":0,"empty":true}`, w.Body.String())
}

func TestPages(t *testing.T) {
	h := five(t)
	for query, want := range map[string]struct {
		years string
		total int
		last  bool
	}{
		"?sort=whenCreated":                        {"2021 2022 2023 2024", 4, true},
		"?sort=whenCreated,asc&includeClosed=true": {"2020 2021 2022 2023 2024", 5, true},
		"?sort=whenCreated,DESC&size=2":            {"2024 2023", 4, false},
		"?sort=whenCreated,DESC&size=2&page=1":     {"2022 2021", 4, true},
		"?sort=whenCreated,DESC&size=2&page=2":     {"", 4, true},
		"?page=2147483647&size=200":                {"", 4, true},
		"?includeOpen=false&includeClosed=true":    {"2020", 1, true},
		"?sort=whenCreated,&other=x":               {"2021 2022 2023 2024", 4, true},
	} {
		got, _ := h.page("/non-associations" + query)
		require.Equal(t, want.years, yearsOf(got.Content), query)
		require.Equal(t, want.total, got.TotalElements, query)
		require.Equal(t, want.last, got.Last, query)
	}
}

func TestLink_leadsThroughEverythingOnce(t *testing.T) {
	for _, sort := range []string{"id", "id,DESC"} {
		h := five(t)
		var years []string
		number := 0
		for path := "/non-associations?size=2&includeClosed=true&sort=" + sort; path != ""; number++ {
			var page pageBody
			page, path = h.page(path)
			require.Equal(t, number, page.Number)
			require.Equal(t, 2*number, page.Pageable.Offset)
			require.Equal(t, number == 0, page.First)
			require.Equal(t, path == "", page.Last)
			years = append(years, strings.Fields(yearsOf(page.Content))...)
			// What is begun meanwhile moves no page.
			h.sync(request(item(fmt.Sprintf("C%04dCC", number), "1990-01-01T00:00:00", "")))
		}
		for year := 2020; year < 2025; year++ {
			require.Equal(t, 1, strings.Count(strings.Join(years, " "), strconv.Itoa(year)), "%s: %v", sort, years)
		}
	}
}

func TestPages_badParameters(t *testing.T) {
	h := five(t)
	for query, source := range map[string]string{
		"page=-1": "page", "page=x": "page", "page=": "page", "page=%2B1": "page", "page=2147483648": "page", "page=1.0": "page", "page=0&page=0": "page",
		"size=0": "size", "size=201": "size", "size=-1": "size", "size=9999999999999999999": "size", "size=": "size",
		"sort=comment": "sort", "sort=": "sort", "sort=id,UP": "sort", "sort=id,ASC,x": "sort", "sort=whencreated": "sort",
		"sort=id;DROP%20TABLE": "atLeast", "sort=id&sort=whenCreated": "sort", "sort=id%2CASC%20--": "sort", "sort=,": "sort",
		"includeOpen=false": "includeOpen", "after=x": "after", "after=": "after", "atLeast=x": "atLeast",
	} {
		w := h.call(http.MethodGet, "/non-associations?"+query, reader, "")
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, 102, errorIn(t, w).code(), query)
		require.Equal(t, []string{source}, errorIn(t, w).sources(), query)
	}
}

func TestToken_isGoodAsItIsAndForItsQuestionOnly(t *testing.T) {
	h := five(t)
	_, path := h.page("/non-associations?size=2")
	link, err := url.Parse(path)
	require.NoError(t, err)
	after := link.Query().Get("after")
	with := func(name, value string) string {
		query := link.Query()
		query.Set(name, value)
		return "/non-associations?" + query.Encode()
	}
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, with("x", "1"), reader, "").Code)
	for _, bad := range []string{
		with("size", "3"), with("sort", "id,DESC"), with("sort", "whenCreated"), with("includeClosed", "true"), with("page", "0"),
		with("after", after[1:]), with("after", after+"A"), with("after", after[:len(after)-1]), with("after", strings.ToLower(after)),
		"/non-associations?after=" + after,
	} {
		require.Equal(t, http.StatusBadRequest, h.call(http.MethodGet, bad, reader, "").Code, bad)
	}
	for i := range after {
		changed := []byte(after)
		changed[i] ^= 1
		w := h.call(http.MethodGet, with("after", string(changed)), reader, "")
		require.Equal(t, http.StatusBadRequest, w.Code, "%d", i)
		require.Equal(t, "after", errorIn(t, w).sources()[0])
	}
}

// A record that changes between two pages may jump over the reader's place:
// where that can be there is no Link, and no place to go on from.
func TestPages_onlyAFixedOrderHasALink(t *testing.T) {
	h := five(t)
	_, path := h.page("/non-associations?size=2")
	link, err := url.Parse(path)
	require.NoError(t, err)
	for _, field := range queries.SortFields() {
		for _, direction := range []string{"", ",ASC", ",DESC"} {
			sort := string(field) + direction
			page, next := h.page("/non-associations?size=2&sort=" + sort)
			require.False(t, page.Last, sort)
			require.Equal(t, field.IsFixed(), next != "", sort)
			if field.IsFixed() {
				continue
			}
			page, next = h.page("/non-associations?size=2&page=1&sort=" + sort)
			require.Len(t, page.Content, 2, "%s: pages by their number go on", sort)
			require.Empty(t, next)
			query := link.Query()
			query.Set("sort", sort)
			w := h.call(http.MethodGet, "/non-associations?"+query.Encode(), reader, "")
			require.Equal(t, http.StatusBadRequest, w.Code, sort)
			require.Equal(t, []string{"after"}, errorIn(t, w).sources(), sort)
			require.Contains(t, errorIn(t, w).Errors[0].Detail, "sort="+string(field))
		}
	}
	// One that was once given out for such a list, sealed as it was.
	text := "whenUpdated false 2 true false\n1\n" + anID + "\n2026-07-15T12:00:00"
	seal := sha256.Sum256([]byte("after\n" + text))
	after := base64.RawURLEncoding.EncodeToString(append(seal[:12], text...))
	w := h.call(http.MethodGet, "/non-associations?size=2&sort=whenUpdated&after="+after, reader, "")
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, []string{"after"}, errorIn(t, w).sources())
}
