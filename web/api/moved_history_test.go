package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// ofMerge is an entry of a merge, or of its taking back.
type ofMerge struct {
	Type             string  `json:"type"`
	NonAssociationID *string `json:"nonAssociationId"`
	Actor            string  `json:"actor"`
	Source           string  `json:"source"`
	Position         uint64  `json:"position"`
	Revision         uint64  `json:"revision"`
	Reason           string  `json:"reason"`
	Before           *whole  `json:"before"`
	After            *whole  `json:"after"`
	Renumbered       struct {
		Previous string  `json:"previousPrisonerNumber"`
		Number   string  `json:"prisonerNumber"`
		Half     *string `json:"half"`
	} `json:"renumbered"`
	PrisonerNumbers []string `json:"prisonerNumbers"`
}

func mergesIn(t *testing.T, lines ...json.RawMessage) []ofMerge {
	t.Helper()
	var all []ofMerge
	for _, line := range lines {
		var entry ofMerge
		require.NoError(t, json.Unmarshal(line, &entry))
		if strings.HasPrefix(entry.Type, "prisoner.") {
			require.Contains(t, string(line), `"nonAssociationId":null`)
			require.NotContains(t, string(line), `"half"`)
			require.NotContains(t, string(line), `"command`)
			require.NotContains(t, string(line), `"pairs"`)
			all = append(all, entry)
		}
	}
	return all
}

func (h *testServer) rawHistory(number string) []json.RawMessage {
	h.t.Helper()
	w := h.history(number)
	require.Equal(h.t, http.StatusOK, w.Code, w.Body)
	var body struct {
		Entries []json.RawMessage `json:"entries"`
	}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &body))
	return body.Entries
}

func TestMerge_isAnEntryOfBothItsNumbersInTheOrderOfTheLog(t *testing.T) {
	h := newTestServer(t)
	h.told("R1111RR", "X1111XX", "")
	first := h.merge("R1111RR", "S1111SS")
	h.unmerge(first)
	h.merge("Q1111QQ", "S1111SS") // of a number without a record

	wanted := []string{
		domain.TypeOpened, domain.TypeMerged, domain.TypeTransferredIn, domain.TypeTransferredOut,
		domain.TypeTransferredIn, domain.TypeTransferredOut, domain.TypeUnmerged,
	}
	for number, want := range map[string][]string{"R1111RR": wanted, "S1111SS": append(wanted[:7:7], domain.TypeMerged)} {
		var types []string
		var last uint64
		for _, entry := range entriesIn(t, h.history(number)) {
			types = append(types, entry.Type)
			require.Greater(t, entry.Position, last)
			last = entry.Position
		}
		require.Equal(t, want, types, number)
		merges := mergesIn(t, h.rawHistory(number)...)
		require.Equal(t, "R1111RR S1111SS", merges[0].Renumbered.Previous+" "+merges[0].Renumbered.Number)
		require.Equal(t, "MERGE", merges[0].Reason)
		require.Equal(t, "MERGE", merges[0].Source)
		require.Equal(t, "They are two men", merges[1].Reason)
		require.Equal(t, []uint64{0, 1}, []uint64{merges[0].Revision, merges[1].Revision})
		require.Nil(t, merges[0].Before)
		require.Nil(t, merges[0].After)
	}
	require.NotContains(t, h.history("X1111XX").Body.String(), "prisoner.", "a merge is of its two numbers alone")

	var lines []json.RawMessage
	for line := range strings.Lines(h.call(http.MethodGet, "/history", syncer, "").Body.String()) {
		lines = append(lines, json.RawMessage(line))
	}
	require.Len(t, lines, 8)
	told := mergesIn(t, lines...)
	require.Len(t, told, 3)
	require.Equal(t, []string{"R1111RR", "S1111SS"}, told[0].PrisonerNumbers)
	require.Equal(t, []string{"R1111RR", "S1111SS"}, told[1].PrisonerNumbers)
	require.Equal(t, []string{"Q1111QQ", "S1111SS"}, told[2].PrisonerNumbers)
	for i, line := range h.feed("") {
		rest := h.feed("?from=" + itoa(int(line.Position)))
		require.Len(t, rest, 7-i, "the feed goes on behind every line")
	}
}

// An item that is ignored beside no record names none.
func TestIgnoredItem_withoutACountingRecordNamesNone(t *testing.T) {
	h := newTestServer(t)
	pair, err := domain.NewPair("A9109UD", "A0135GA")
	require.NoError(t, err)
	h.puts(pair.Stream(), domain.Ignored{Reason: domain.NotLatest})
	entry := h.rawHistory("A9109UD")[0]
	require.Contains(t, string(entry), `"nonAssociationId":null`)
	require.Contains(t, h.call(http.MethodGet, "/history", syncer, "").Body.String(), `"nonAssociationId":null`)
}
