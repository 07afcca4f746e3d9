package npa_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
)

// row is one of the lower number's mirror.
func row(sequence int, more string) string {
	return fmt.Sprintf(`{"offenderNo":"A0135GA","nsOffenderNo":"A9109UD","typeSequence":%d,"reason":"VIC","recipReason":"PER",`+
		`"type":"WING","updatedBy":"SMITH_GEN","effectiveDate":"2021-07-05"%s}`, sequence, more)
}

func TestAll_readsEachRow(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusOK, "["+row(2, `,"expiryDate":"2022-01-31","authorisedBy":null,"comment":"a\ud83d","Comment":7,"more":{"a":[1]}`)+","+row(1, "")+"]")
	rows, err := client.All(t.Context(), low, high)
	require.NoError(t, err)
	first := mirror.Row{
		OffenderNo: "A0135GA", NSOffenderNo: "A9109UD", TypeSequence: 2, Reason: "VIC", RecipReason: "PER", Type: "WING",
		UpdatedBy: "SMITH_GEN", EffectiveDate: "2021-07-05", ExpiryDate: text("2022-01-31"), Comment: text("a\ufffd"),
	}
	second := first
	second.TypeSequence, second.ExpiryDate, second.Comment = 1, nil, nil
	require.Equal(t, []mirror.Row{first, second}, rows, "in the order of NOMIS")
	require.Equal(t, []string{"GET " + forwardsPath + "/all "}, s.asked())
}

// What a row lacks is left to be judged with the row: it is there, and says which it is.
func TestAll_readsARowThatLacksValues(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusOK, `[{"offenderNo":"A0135GA","nsOffenderNo":"A9109UD","typeSequence":1}]`)
	rows, err := client.All(t.Context(), low, high)
	require.NoError(t, err)
	require.Equal(t, []mirror.Row{{OffenderNo: "A0135GA", NSOffenderNo: "A9109UD", TypeSequence: 1}}, rows)
}

func TestAll_ofNothingIsEmpty(t *testing.T) {
	client, s := newClient(t)
	for _, says := range []struct {
		status int
		body   string
	}{
		{http.StatusOK, "[]"},
		{http.StatusNotFound, refusal(404, "Not Found: Non-association not found")},
		{http.StatusNotFound, refusal(404, "Not Found: Open NonAssociation not found")},
	} {
		s.says(says.status, says.body)
		rows, err := client.All(t.Context(), low, high)
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	s.says(http.StatusNotFound, refusal(404, "Not Found: Offender with nomsId=A0135GA not found"))
	_, err := client.All(t.Context(), low, high)
	requireKind(t, npa.ErrPrisonerUnknown, err)
}

func TestAll_thatCannotBeReadIsNeverEmpty(t *testing.T) {
	good := row(1, "")
	for name, body := range map[string]string{
		"nothing": "", "null": "null", "an object": good, "no row": "[null]", "a number": "[7]", "cut off": "[" + good, "two": "[][]",
		"html": "<html></html>", "given twice": "[" + row(1, `,"comment":"a","comment":"a"`) + "]", "one sequence twice": "[" + good + "," + good + "]",
		"no sequence": "[" + strings.Replace(good, `"typeSequence":1,`, "", 1) + "]", "a wrong sequence": "[" + row(0, "") + "]",
		"a text": "[" + strings.Replace(good, `:1,`, `:"1",`, 1) + "]", "a fraction": "[" + strings.Replace(good, `:1,`, `:1.5,`, 1) + "]",
		"a day of numbers": "[" + strings.Replace(good, `"2021-07-05"`, "[2021,7,5]", 1) + "]", "a comment of another type": "[" + row(1, `,"comment":["a"]`) + "]",
		"others": "[" + strings.ReplaceAll(good, "A9109UD", "B1111BB") + "]", "the other mirror": "[" + swapped(good) + "]",
		"one of others": "[" + good + "," + strings.ReplaceAll(row(2, ""), "A0135GA", "B1111BB") + "]", "nobody's": `[{"typeSequence":1}]`,
		"another letter case": "[" + strings.Replace(good, "offenderNo", "OffenderNo", 1) + "]", "too much": "[" + good + strings.Repeat(" ", 4<<20) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			client, s := newClient(t)
			s.says(http.StatusOK, body)
			rows, err := client.All(t.Context(), low, high)
			requireKind(t, npa.ErrUnavailable, err)
			require.Nil(t, rows)
		})
	}
}

func swapped(row string) string {
	return strings.NewReplacer("A0135GA", "A9109UD", "A9109UD", "A0135GA").Replace(row)
}

func TestRows_readsBothMirrors(t *testing.T) {
	client, s := newClient(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == forwardsPath+"/all" {
			fmt.Fprint(w, "["+row(1, "")+"]")
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, refusal(404, "Not Found: Non-association not found"))
	})
	rows, err := client.Rows(t.Context(), thePair(t))
	require.NoError(t, err)
	require.Len(t, rows.Forwards, 1)
	require.Empty(t, rows.Backwards)
	require.ElementsMatch(t, []string{"GET " + forwardsPath + "/all ", "GET " + backwardsPath + "/all "}, s.asked())
}

// Half of what NOMIS holds is never taken for the whole.
func TestRows_ofOneMirrorAreAFailure(t *testing.T) {
	for _, broken := range []string{forwardsPath, backwardsPath} {
		client, s := newClient(t)
		s.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == broken+"/all" {
				w.WriteHeader(http.StatusBadGateway)
			}
			fmt.Fprint(w, "[]")
		})
		rows, err := client.Rows(t.Context(), thePair(t))
		requireKind(t, npa.ErrUnavailable, err)
		require.Empty(t, rows)
	}
}

func TestIDs_areThoseOfThePage(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusOK, `{"content":[{"offenderNo1":"A9109UD","offenderNo2":"A0135GA"},{"offenderNo1":"x","offenderNo2":"y","z":1}],"totalElements":4002,"number":4,"pageable":{}}`)
	page, err := client.IDs(t.Context(), 4, 1000)
	require.NoError(t, err)
	require.Equal(t, npa.Page{Pairs: [][2]string{{"A9109UD", "A0135GA"}, {"x", "y"}}, Total: 4002}, page)
	require.Equal(t, []string{"GET /non-associations/ids?page=4&size=1000 "}, s.asked())
}

func TestIDs_thatCannotBeReadAreNeverEmpty(t *testing.T) {
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"content":[]}`, `{"totalElements":0}`, `{"content":null,"totalElements":0}`, `{"content":[],"totalElements":null}`,
		`{"content":[],"totalElements":-1}`, `{"content":[],"totalElements":"0"}`, `{"content":{},"totalElements":0}`, `{"content":[null],"totalElements":1}`,
		`{"content":[{}],"totalElements":1}`, `{"content":[{"offenderNo1":"A0135GA"}],"totalElements":1}`, `{"content":[{"offenderNo1":"A0135GA","offenderNo2":7}],"totalElements":1}`,
		`{"content":[],"totalElements":0,"number":1}`, `{"Content":[],"totalElements":0}`, `{"content":[],"totalElements":0`, `<html>`,
	} {
		client, s := newClient(t)
		s.says(http.StatusOK, body)
		_, err := client.IDs(t.Context(), 0, 10)
		requireKind(t, npa.ErrUnavailable, err)
	}
}

func TestMerges_areThoseSinceADay(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusOK, `[{"deletedOffenderNo":"B1111BB","retainedOffenderNo":"A0135GA","activeBookingId":1,"previousBookingId":2,"requestDateTime":"2026-07-05T10:00:00"}]`)
	merges, err := client.Merges(t.Context(), low, "2026-07-04")
	require.NoError(t, err)
	require.Equal(t, []npa.Merge{{Removed: "B1111BB", Retained: low, RequestedAt: "2026-07-05T10:00:00"}}, merges)
	require.Equal(t, []string{"GET /prisoners/A0135GA/merges?fromDate=2026-07-04 "}, s.asked())
	s.says(http.StatusOK, `[]`)
	merges, err = client.Merges(t.Context(), low, "2026-07-04")
	require.NoError(t, err)
	require.Empty(t, merges)
	for _, body := range []string{`null`, `{}`, `[{}]`, `[null]`, `[{"deletedOffenderNo":"B1111BB"}]`, `[{"deletedOffenderNo":"B1111BB","retainedOffenderNo":"x"}]`, ``} {
		s.says(http.StatusOK, body)
		_, err := client.Merges(t.Context(), low, "2026-07-04")
		requireKind(t, npa.ErrUnavailable, err)
	}
}

func TestBlocked_tellsAnUnknownScreenFromAnOpenOne(t *testing.T) {
	for name, c := range map[string]struct {
		blocked, screen string
		status          int
		want            npa.Screen
		asked           int
	}{
		"some":    {`[{"prisonId":"MDI"},{"prisonId":"LEI"}]`, "", 500, npa.Screen{Known: true, Prisons: []string{"MDI", "LEI"}}, 1},
		"all":     {`[{"prisonId":"**ALL**"}]`, "", 500, npa.Screen{Known: true, Prisons: []string{}, All: true}, 1},
		"open":    {`[]`, `{"moduleName":"OIDONONA"}`, 200, npa.Screen{Known: true, Prisons: []string{}}, 2},
		"unsaid":  {`[]`, "gateway", 502, npa.Screen{Known: true, Prisons: []string{}}, 2},
		"unknown": {`[]`, refusal(404, "Not Found: no such screen"), 404, npa.Screen{Prisons: []string{}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			client, s := newClient(t)
			s.answer(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/blocked") {
					fmt.Fprint(w, c.blocked)
					return
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.screen)
			})
			screen, err := client.Blocked(t.Context(), npa.NonAssociationsScreen)
			require.NoError(t, err)
			require.Equal(t, c.want, screen)
			for _, prison := range []string{"MDI", "BXI"} {
				require.Equal(t, c.want.All || slices.Contains(c.want.Prisons, prison), screen.Blocks(prison))
			}
			asked := s.asked()
			require.Len(t, asked, c.asked)
			require.Equal(t, "GET /splash-screens/OIDONONA/blocked ", asked[0])
		})
	}
}

func TestBlocked_thatCannotBeReadIsAFailure(t *testing.T) {
	client, s := newClient(t)
	for _, body := range []string{`null`, `{}`, `[{}]`, `["MDI"]`} {
		s.says(http.StatusOK, body)
		_, err := client.Blocked(t.Context(), "X")
		requireKind(t, npa.ErrUnavailable, err)
	}
}

// FuzzRows reads any answer: it is a failure, or rows of the pair with a sequence each.
func FuzzRows(f *testing.F) {
	f.Add("[" + row(1, "") + "," + row(2, `,"expiryDate":"2022-01-31","comment":"\ud83d"`) + "]")
	f.Add("[]")
	f.Add("[{}]")
	pair, err := domain.NewPair(low, high)
	require.NoError(f, err)
	options := npa.Options{URL: "http://nomis"}
	s := &server{}
	options.SetTransport(noNetwork{s})
	client := npa.New(options).For(npa.Turn)
	f.Fuzz(func(t *testing.T, body string) {
		s.says(http.StatusOK, body)
		s.asked()
		rows, err := client.All(t.Context(), low, high)
		if err != nil {
			requireKind(t, npa.ErrUnavailable, err)
			require.Empty(t, rows)
			return
		}
		details := mirror.Details(pair, mirror.Rows{Forwards: rows})
		require.Len(t, details, len(rows))
		for _, d := range details {
			require.Positive(t, *d.TypeSequence)
			require.Equal(t, high, d.Missing)
		}
	})
}
