package nomisapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/nomisapi"
)

func TestRead_findsTheOpenOneOrThatOfASequence(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1/close", "")
	n.refused(404, "Not Found: Open non-association", "GET", paired, "")
	n.ok("POST", "/non-associations", body())
	require.Contains(t, n.ok("GET", paired, ""), `"typeSequence":2`)
	require.Contains(t, n.ok("GET", paired+"?typeSequence=1", ""), `"expiryDate":"2026-07-15"`)
	n.refused(404, "Not Found: Non-association with", "GET", paired+"?typeSequence=3", "")
	n.refused(400, "Bad request: ", "GET", paired+"?typeSequence=x", "")
}

func TestRead_ofNothingIs404(t *testing.T) {
	t.Parallel()
	n := start(t)
	unknown := "/non-associations/offender/" + a + "/ns-offender/" + z
	for _, end := range []string{"", "/all"} {
		n.refused(404, "Not Found: Non-association with offender="+a+" and nsOffender="+b+" not found", "GET", paired+end, "")
		n.refused(404, "Not Found: NS Offender with nomsId=Z9999ZZ not found", "GET", unknown+end, "")
		n.refused(404, "Not Found: Offender with nomsId=nonsense not found", "GET", "/non-associations/offender/nonsense/ns-offender/"+a+end, "")
	}
}

// page is a page as a client reads it.
type page struct {
	Content                                 []struct{ OffenderNo1, OffenderNo2 string }
	TotalElements, TotalPages, Size, Number int
	First, Last, Empty                      bool
	NumberOfElements                        int
	Pageable                                struct{ PageNumber, PageSize, Offset int }
	Sort                                    struct{ Sorted bool }
}

func (n *nomis) page(query string) page {
	n.t.Helper()
	var p page
	require.NoError(n.t, json.Unmarshal([]byte(n.ok("GET", "/non-associations/ids"+query, "")), &p))
	return p
}

// fill makes n pairs of made-up prisoners with one record each.
func (n *nomis) fill(pairs int) {
	n.t.Helper()
	records := make([]nomisapi.Record, pairs)
	for i := range records {
		records[i] = nomisapi.Record{
			OffenderNo: fmt.Sprintf("B%04dAA", i), NSOffenderNo: fmt.Sprintf("C%04dAA", i), TypeSequence: 1, Reason: "VIC",
			RecipReason: "PER", Type: "WING", EffectiveDate: yesterday,
		}
	}
	written, err := n.Fill(n.t.Context(), slices.Values(records))
	require.NoError(n.t, err)
	require.Equal(n.t, pairs, written)
}

func TestIDs_haveEachPairOnceInTheOrderOfNumericIDs(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fill(45)
	first := n.page("")
	require.Equal(t, []int{45, 3, 20, 0, 20}, []int{first.TotalElements, first.TotalPages, first.Size, first.Number, first.NumberOfElements})
	require.Equal(t, []bool{true, false, false, true}, []bool{first.First, first.Last, first.Empty, first.Sort.Sorted})
	seen, unsorted := map[string]bool{}, 0
	for number := range 3 {
		p := n.page(fmt.Sprintf("?page=%d&size=20&sort=offenderNo1", number))
		require.Equal(t, []int{number, 20, number * 20}, []int{p.Pageable.PageNumber, p.Pageable.PageSize, p.Pageable.Offset})
		require.Equal(t, number == 2, p.Last)
		for _, pair := range p.Content {
			seen[pair.OffenderNo1+pair.OffenderNo2] = true
			require.NotEqual(t, pair.OffenderNo1[0], pair.OffenderNo2[0])
			if pair.OffenderNo1 > pair.OffenderNo2 {
				unsorted++
			}
		}
	}
	require.Len(t, seen, 45)
	require.NotZero(t, unsorted, "a pair may come with the larger number first")
	require.NotEqual(t, 45, unsorted)
	require.True(t, n.page("?page=9").Empty)
	require.Equal(t, 1000, n.page("?size=5000&page=x").Size)
}

func TestBooking_hasThePairsRecordedUnderIt(t *testing.T) {
	t.Parallel()
	n := start(t)
	require.JSONEq(t, `[]`, n.ok("GET", "/non-associations/booking/1", ""))
	n.refused(400, "Bad request", "GET", "/non-associations/booking/x", "")
	n.ok("POST", "/non-associations", body())
	booking := n.told()[0].BookingID
	require.JSONEq(t, `[{"offenderNo1":"`+a+`","offenderNo2":"`+b+`"}]`, n.ok("GET", fmt.Sprintf("/non-associations/booking/%d", booking), ""))
}

func TestFill_leavesWhatIsThereAndPlantsDamage(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.told()
	end := yesterday
	one := func(seq int, opposite string, of, about string) nomisapi.Record {
		return nomisapi.Record{
			OffenderNo: of, NSOffenderNo: about, TypeSequence: seq, Reason: "BUL", RecipReason: "RIV", Type: "TNA",
			EffectiveDate: "2020-01-01", ExpiryDate: &end, Opposite: opposite, UpdatedBy: "QAB12C_GEN",
		}
	}
	records := []nomisapi.Record{
		one(1, "", b, a), one(1, "", c, a), one(2, "missing", c, a), one(4, "open", c, a), one(1, "closed", "E0001AA", "E0002AA"),
	}
	for want := 4; want >= 0; want -= 4 {
		written, err := n.Fill(t.Context(), slices.Values(records))
		require.NoError(t, err)
		require.Equal(t, want, written)
	}
	require.Len(t, n.rows(paired), 1)
	ca, ac := n.rows("/non-associations/offender/"+c+"/ns-offender/"+a), n.rows("/non-associations/offender/"+a+"/ns-offender/"+c)
	require.Len(t, ca, 3)
	require.Len(t, ac, 2)
	require.Equal(t, "BUL RIV QAB12C_GEN", ca[2].Reason+" "+ca[2].RecipReason+" "+ca[2].UpdatedBy)
	require.Equal(t, yesterday, *ca[2].ExpiryDate)
	require.Nil(t, ac[1].ExpiryDate)
	require.Equal(t, "2020-01-01", *n.rows("/non-associations/offender/E0002AA/ns-offender/E0001AA")[0].ExpiryDate, "known though the directory does not know them")
	require.Empty(t, n.told())
	old := one(1, "", "G0001AA", "G0002AA")
	old.Alias = true
	written, err := n.Fill(t.Context(), slices.Values([]nomisapi.Record{old}))
	require.NoError(t, err)
	require.Equal(t, 1, written)
	require.Contains(t, n.ok("GET", "/non-associations/ids", ""), `"G0001AA"`)
	n.refused(404, "Offender with nomsId=G0001AA not found", "GET", "/non-associations/offender/G0001AA/ns-offender/G0002AA/all", "")
	broken := one(1, "", "H0001AA", "H0002AA")
	broken.NoRecip = true
	_, err = n.Fill(t.Context(), slices.Values([]nomisapi.Record{broken}))
	require.NoError(t, err)
	for _, end := range []string{"/all", "?typeSequence=1"} {
		n.refused(500, "Unexpected error: ", "GET", "/non-associations/offender/H0002AA/ns-offender/H0001AA"+end, "")
	}
	_, err = n.Fill(t.Context(), slices.Values([]nomisapi.Record{one(1, "", a, "nobody")}))
	require.ErrorContains(t, err, "no pair")

	require.JSONEq(t, `{"records":1}`, n.ok("POST", "/staff/records", `{"offenderNo":"F0001AA","nsOffenderNo":"F0002AA","typeSequence":1,
		"reason":"VIC","recipReason":"VIC","type":"CELL","effectiveDate":"2020-01-01"}`+"\n"))
	n.refused(400, "Bad request", "POST", "/staff/records", `{"offenderNo":`)
	written, err = nomisapi.FillAt(t.Context(), n.http, n.URL(), slices.Values([]nomisapi.Record{
		one(1, "", "F0001AA", "F0002AA"), one(1, "", "F0003AA", "F0004AA"),
	}))
	require.NoError(t, err)
	require.Equal(t, 1, written, "the other pair was there")
	_, err = nomisapi.FillAt(t.Context(), n.http, n.URL(), slices.Values([]nomisapi.Record{one(1, "", a, "nobody")}))
	require.ErrorContains(t, err, "it answers 400")
}

func TestRows_showTheTables(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	text := n.ok("GET", "/staff/rows/"+b+"/"+a, "")
	var all struct {
		OffenderNonAssociations []struct {
			OffenderNo, NSReasonCode, RecipNSReasonCode string
			OffenderID, NSOffenderID, OffenderBookID    int
		}
		OffenderNaDetails []struct {
			OffenderNo, NSReasonCode, NSType, NSEffectiveDate, CreateUserID, AuditModuleName string
			TypeSeq                                                                          int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	parents, details := all.OffenderNonAssociations, all.OffenderNaDetails
	require.Equal(t, []string{b, "PER", "VIC"}, []string{parents[0].OffenderNo, parents[0].NSReasonCode, parents[0].RecipNSReasonCode})
	require.Equal(t, []string{a, "PER", "PER"}, []string{parents[1].OffenderNo, parents[1].NSReasonCode, parents[1].RecipNSReasonCode})
	require.Equal(t, parents[0].OffenderID, parents[1].NSOffenderID)
	require.Less(t, parents[1].OffenderID, parents[0].OffenderID, "the tests of others rely on it")
	require.Equal(t, "PER WING 2026-07-01 PRISONER_MANAGER_API DPS_SYNCHRONISATION", strings.Join([]string{
		details[0].NSReasonCode, details[0].NSType, details[0].NSEffectiveDate, details[0].CreateUserID, details[0].AuditModuleName,
	}, " "))
}

func TestHome_showsAPairToPeople(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body("comment", "<b>bold</b>"))
	n.ok("POST", "/faults", `{"fault":"delay","seconds":0}`)
	text := n.ok("GET", "/?a="+a+"&b="+b, "")
	require.Contains(t, text, "&lt;b&gt;bold&lt;/b&gt;")
	require.Contains(t, text, "POST /non-associations")
	require.Contains(t, text, "<td>delay</td>")
	require.Contains(t, n.ok("GET", "/", ""), "Pairs: 1")
}
