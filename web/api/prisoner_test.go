package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

// prisoners are those whom the stand-in for Prisoner Search knows.
type prisoners map[domain.PrisonerNumber]estate.Prisoner

func (s prisoners) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	prisoner, there := s[number]
	return prisoner, there
}

func (s prisoners) People() []estate.Prisoner { return slices.Collect(maps.Values(s)) }

var everyone = prisoners{
	"A9109UD": {Number: "A9109UD", FirstName: "John", LastName: "Doe", PrisonID: "MDI", PrisonName: "Moorland", CellLocation: "MDI-A-1"},
	"B1111BB": {Number: "B1111BB", FirstName: "Zed", LastName: "Adams", PrisonID: "MDI", PrisonName: "Moorland", CellLocation: "MDI-C-9"},
	"C1111CC": {Number: "C1111CC", FirstName: "Amos", LastName: "de Vere", PrisonID: "MDI", PrisonName: "Moorland", CellLocation: "MDI-B-2"},
	"D1111DD": {Number: "D1111DD", FirstName: "Merlin", LastName: "Somerplumbs", PrisonID: "LEI", PrisonName: "Leeds"},
	"G1111GG": {Number: "G1111GG", FirstName: "Ann", LastName: "Other", PrisonID: "WWI", PrisonName: "Wandsworth"}, // has no record
}

// search is a test server that asks a stand-in over HTTP who people are.
func search(t testing.TB, change ...func(*api.Options)) (*testServer, *prisonersearch.Server) {
	t.Helper()
	server, err := prisonersearch.Serve(context.Background(), everyone)
	require.NoError(t, err)
	d := directory.New(context.Background(), directory.Options{URL: server.URL(), Clock: time.Now, Timeout: time.Second})
	t.Cleanup(func() {
		d.Close()
		require.NoError(t, server.Stop())
	})
	h := newTestServer(t, append(change, func(o *api.Options) { o.Directory = d })...)
	require.Equal(t, http.StatusOK, h.sync(request(
		item("B1111BB", "2021-01-01T00:00:00", `"comments":"first","authorisedBy":"Mr Bobby",`),
		item("C1111CC", "2022-01-01T00:00:00", `"expiryDate":"2026-07-15T23:00:00",`), // ends today: closed
		item("C1111CC", "2023-01-01T00:00:00", `"expiryDate":"2026-07-16T00:00:00",`), // ends tomorrow: open
		item("D1111DD", "2024-01-01T00:00:00", ``),
		item("E1111EE", "2100-01-01T00:00:00", ``), // still to come: open
	)).Code)
	return h, server
}

type seenBody struct {
	PrisonerNumber  string  `json:"prisonerNumber"`
	LastName        *string `json:"lastName"`
	OpenCount       int     `json:"openCount"`
	ClosedCount     int     `json:"closedCount"`
	NamesMissing    bool    `json:"namesMissing"`
	NonAssociations []struct {
		ID          string `json:"id"`
		WhenCreated string `json:"whenCreated"`
		Other       struct {
			PrisonerNumber string  `json:"prisonerNumber"`
			LastName       *string `json:"lastName"`
		} `json:"otherPrisonerDetails"`
	} `json:"nonAssociations"`
}

func (h *testServer) ofPrisoner(number, query string) seenBody {
	h.t.Helper()
	w := h.call(http.MethodGet, "/prisoner/"+number+"/non-associations"+query, reader, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	var body seenBody
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

// years tells which there are, in order: each began in a year of its own.
func (b seenBody) years() string {
	var all []string
	for _, n := range b.NonAssociations {
		all = append(all, n.WhenCreated[:4])
	}
	return strings.Join(all, " ")
}

func TestPrisonersList_ofRecordsByStaff(t *testing.T) {
	h, _ := search(t)
	w := h.call(http.MethodGet, "/prisoner/b1111bb/non-associations", reader, "")
	id := h.ofPrisoner("B1111BB", "").NonAssociations[0].ID
	require.JSONEq(t, strings.Replace(`{"prisonerNumber":"B1111BB","firstName":"Zed","lastName":"Adams","prisonId":"MDI",
		"prisonName":"Moorland","cellLocation":"MDI-C-9","openCount":1,"closedCount":0,"nonAssociations":[{"id":"ID",
		"role":"PERPETRATOR","roleDescription":"Perpetrator","reason":"OTHER","reasonDescription":"Other","restrictionType":"WING",
		"restrictionTypeDescription":"Cell, landing and wing","comment":"first","authorisedBy":"Mr Bobby",
		"whenCreated":"2021-01-01T00:00:00","whenUpdated":"2026-07-15T12:00:00","updatedBy":"NOMIS_SYNC","isClosed":false,
		"closedBy":null,"closedReason":null,"closedAt":null,"isOpen":true,"otherPrisonerDetails":{"prisonerNumber":"A9109UD",
		"role":"VICTIM","roleDescription":"Victim","firstName":"John","lastName":"Doe","prisonId":"MDI","prisonName":"Moorland",
		"cellLocation":"MDI-A-1"}}]}`, "ID", id, 1), w.Body.String())
}

func TestPrisonersList_isFilteredCountedAndSorted(t *testing.T) {
	h, _ := search(t)
	for query, want := range map[string]struct {
		years        string
		open, closed int
	}{
		"":                                       {"2100 2023 2021", 3, 1},
		"?includeOtherPrisons=true":              {"2100 2024 2023 2021", 4, 1},
		"?includeClosed=true":                    {"2100 2023 2022 2021", 3, 1},
		"?includeClosed=true&includeOpen=false":  {"2022", 3, 1},
		"?sortBy=WHEN_CREATED&sortDirection=ASC": {"2021 2023 2100", 3, 1},
		"?sortDirection=ASC":                     {"2021 2023 2100", 3, 1},
		"?sortBy=WHEN_UPDATED":                   {"2100 2023 2021", 3, 1},
		"?sortBy=WHEN_CLOSED&includeClosed=true": {"2023 2022 2100 2021", 3, 1},
		"?sortBy=WHEN_CLOSED&includeClosed=true&sortDirection=ASC":      {"2022 2023 2100 2021", 3, 1},
		"?sortBy=LAST_NAME&includeOtherPrisons=true":                    {"2021 2023 2024 2100", 4, 1},
		"?sortBy=LAST_NAME&includeOtherPrisons=true&sortDirection=DESC": {"2024 2023 2021 2100", 4, 1},
		"?sortBy=FIRST_NAME":                             {"2023 2021 2100", 3, 1},
		"?sortBy=PRISONER_NUMBER":                        {"2021 2023 2100", 3, 1},
		"?sortBy=PRISONER_NUMBER&sortDirection=DESC":     {"2100 2023 2021", 3, 1},
		"?sortBy=PRISON_ID&includeOtherPrisons=true":     {"2024 2023 2021 2100", 4, 1},
		"?sortBy=PRISON_NAME&includeOtherPrisons=true":   {"2024 2023 2021 2100", 4, 1},
		"?sortBy=CELL_LOCATION&includeOtherPrisons=true": {"2023 2021 2100 2024", 4, 1},
		"?other=1": {"2100 2023 2021", 3, 1},
	} {
		got := h.ofPrisoner("A9109UD", query)
		require.Equal(t, want.years, got.years(), query)
		require.Equal(t, []int{want.open, want.closed}, []int{got.OpenCount, got.ClosedCount}, query)
	}
}

func TestBadParameters_ofAPrisonersList(t *testing.T) {
	h, _ := search(t)
	for path, source := range map[string]string{
		"A9109U/non-associations":                                        "prisonerNumber",
		"A9109UD%20/non-associations":                                    "prisonerNumber",
		"A9109UD/non-associations?includeOpen=false":                     "includeOpen",
		"A9109UD/non-associations?includeOpen=false&includeClosed=false": "includeOpen",
		"A9109UD/non-associations?includeOpen=yes":                       "includeOpen",
		"A9109UD/non-associations?includeClosed=":                        "includeClosed",
		"A9109UD/non-associations?includeOtherPrisons=TRUE":              "includeOtherPrisons",
		"A9109UD/non-associations?includeOpen=true&includeOpen=true":     "includeOpen",
		"A9109UD/non-associations?sortBy=name":                           "sortBy",
		"A9109UD/non-associations?sortBy=when_created":                   "sortBy",
		"A9109UD/non-associations?sortDirection=DOWN":                    "sortDirection",
		"A9109UD/non-associations?atLeast=x":                             "atLeast",
		"A9109UD/non-associations?%zz":                                   "atLeast",
	} {
		w := h.call(http.MethodGet, "/prisoner/"+path, reader, "")
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Equal(t, 102, errorIn(t, w).code())
		require.Equal(t, []string{source}, errorIn(t, w).sources(), path)
	}
	w := h.call(http.MethodGet, "/prisoner/A9109UD/non-associations?sortBy=x&sortDirection=y&atLeast=z", reader, "")
	require.Equal(t, []string{"sortBy", "sortDirection", "atLeast"}, errorIn(t, w).sources(), "all at once")
}

func TestLists_showPrisonersTheDirectoryDoesNotKnow(t *testing.T) {
	h, server := search(t)
	got := h.ofPrisoner("A9109UD", "")
	require.True(t, got.NamesMissing, "E1111EE")
	require.Contains(t, got.years(), "2100", "and is not hidden as one of another prison")
	require.False(t, h.ofPrisoner("B1111BB", "").NamesMissing)
	got = h.ofPrisoner("E1111EE", "")
	require.Equal(t, "2100", got.years())
	require.Nil(t, got.LastName)
	require.True(t, got.NamesMissing)
	require.Equal(t, seenBody{PrisonerNumber: "F1111FF", NamesMissing: true, NonAssociations: h.ofPrisoner("F1111FF", "").NonAssociations}, h.ofPrisoner("F1111FF", ""))
	require.Positive(t, server.Asked())
}

func TestDirectory_thatIsDownSlowOrLyingKeepsNoReadFromAnswering(t *testing.T) {
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	for name, turn := range map[string]func(*prisonersearch.Server){
		"down":     func(s *prisonersearch.Server) { s.Down(true) },
		"slow":     func(s *prisonersearch.Server) { s.Hold(forever) },
		"gone":     func(s *prisonersearch.Server) { _ = s.Stop() },
		"nonsense": func(s *prisonersearch.Server) { s.Lie(func([]string) []byte { return []byte("<html>") }) },
		"nobody":   func(s *prisonersearch.Server) { s.Lie(func([]string) []byte { return []byte("[]") }) },
		"others": func(s *prisonersearch.Server) {
			s.Lie(func([]string) []byte { return []byte(`[{"prisonerNumber":"Z1111ZZ","lastName":"x"}]`) })
		},
		"wrong types": func(s *prisonersearch.Server) {
			s.Lie(func([]string) []byte { return []byte(`[{"prisonerNumber":7}]`) })
		},
	} {
		h, server := search(t)
		turn(server)
		got := h.ofPrisoner("A9109UD", "")
		require.Equal(t, "2100 2024 2023 2021", got.years(), "%s: whose prison is not known is shown", name)
		require.Equal(t, 4, got.OpenCount)
		require.True(t, got.NamesMissing, name)
		require.Nil(t, got.LastName)
		for _, n := range got.NonAssociations {
			require.Nil(t, n.Other.LastName)
			require.NotEmpty(t, n.Other.PrisonerNumber)
		}
		require.Contains(t, h.ofPrisoner("A9109UD", "?includeOtherPrisons=true&sortBy=LAST_NAME").years(), "2021")
	}
}

func TestLists_haveNoNamesWithoutADirectory(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	got := h.ofPrisoner("A9109UD", "?includeClosed=true")
	require.Equal(t, "2021", got.years())
	require.True(t, got.NamesMissing)
}

// A name of one who lies in the way of another's is worse than none.
func TestDirectory_thatNamesTwoPeopleForANumber(t *testing.T) {
	h, server := search(t)
	server.Lie(func([]string) []byte {
		return []byte(`[{"prisonerNumber":"A9109UD","firstName":"One","lastName":"A"},{"prisonerNumber":"A9109UD","firstName":"Two","lastName":"B"}]`)
	})
	got := h.ofPrisoner("A9109UD", "")
	require.Nil(t, got.LastName)
	require.True(t, got.NamesMissing)
}
