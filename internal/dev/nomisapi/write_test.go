package nomisapi_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreate_makesARowOfEitherSide(t *testing.T) {
	t.Parallel()
	n := start(t)
	require.JSONEq(t, `{"typeSequence":1}`, n.ok("POST", "/non-associations", body()))
	require.JSONEq(t, `{"offenderNo":"`+a+`","nsOffenderNo":"`+b+`","typeSequence":1,"reason":"VIC","recipReason":"PER","type":"WING",
		"effectiveDate":"2026-07-01","authorisedBy":"Manager","comment":"Keep apart","updatedBy":"PRISONER_MANAGER_API"}`,
		n.ok("GET", paired, ""))
	back := n.rows(mirror)
	require.Len(t, back, 1)
	require.Equal(t, []string{b, a, "PER", "VIC"}, []string{back[0].OffenderNo, back[0].NSOffenderNo, back[0].Reason, back[0].RecipReason})
}

func TestCreate_givesOneMoreThanTheHighestSequence(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1/close", "")
	require.JSONEq(t, `{"typeSequence":2}`, n.ok("POST", "/non-associations", body()))
	n.ok("DELETE", paired+"/sequence/1", "")
	n.ok("PUT", paired+"/sequence/2/close", "")
	require.JSONEq(t, `{"typeSequence":3}`, n.ok("POST", "/non-associations", body()))
	n.ok("DELETE", paired+"/sequence/2", "")
	n.ok("DELETE", paired+"/sequence/3", "")
	require.JSONEq(t, `{"typeSequence":1}`, n.ok("POST", "/non-associations", body()), "again from the start when all are gone")
}

func TestCreate_isRefusedInTheWordsOfTheAPI(t *testing.T) {
	t.Parallel()
	n := start(t)
	for words, with := range map[string][]string{
		"Bad request: Offender and NS Offender cannot be the same":   {"nsOffenderNo", a},
		"Bad request: Offender with nomsId=Z9999ZZ not found":        {"offenderNo", z},
		"Bad request: NS Offender with nomsId=Z9999ZZ not found":     {"nsOffenderNo", z},
		"Bad request: Offender with nomsId=a0135ga not found":        {"offenderNo", strings.ToLower(a)},
		"Bad request: Reason with code=XXX does not exist":           {"reason", "XXX"},
		"Bad request: Reciprocal reason with code=XXX":               {"recipReason", "XXX"},
		"Bad request: Type with code=XXX":                            {"type", "XXX"},
		"Bad request: Effective date must not be in the future":      {"effectiveDate", tomorrow},
		"Bad request: JSON parse error: effectiveDate is not a date": {"effectiveDate", "15/07/2026"},
		"property type due to missing":                               {"type", ""},
		"Validation failure: comment size":                           {"comment", strings.Repeat("𝄞", 120) + "x"},
	} {
		n.refused(400, words, "POST", "/non-associations", body(with...))
	}
	n.refused(400, "Bad request: JSON parse error", "POST", "/non-associations", "nonsense")
	n.refused(500, "Unexpected error: ", "POST", "/non-associations", body("authorisedBy", strings.Repeat("x", 61)))
	n.ok("POST", "/non-associations", body("comment", strings.Repeat("𝄞", 120), "effectiveDate", today))
	n.refused(400, "Bad request: Non-association already exists for offender="+b+" and nsOffender="+a, "POST", "/non-associations",
		body("offenderNo", b, "nsOffenderNo", a))
}

func TestCreate_isNotRefusedForAnOpenOneWithAnEndToCome(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1", body("expiryDate", tomorrow))
	require.JSONEq(t, `{"typeSequence":2}`, n.ok("POST", "/non-associations", body()))
}

func TestUpdate_writesBothSidesAndClearsWhatIsAbsent(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	require.Empty(t, n.ok("PUT", mirror+"/sequence/1", body("reason", "BUL", "recipReason", "NOT_REL", "type", "TNA",
		"effectiveDate", "2020-02-29", "expiryDate", "2030-01-01", "comment", "", "authorisedBy", "")))
	forwards, back := n.rows(paired)[0], n.rows(mirror)[0]
	require.Equal(t, "NOT_REL BUL", forwards.Reason+" "+back.Reason)
	require.Equal(t, "BUL NOT_REL", forwards.RecipReason+" "+back.RecipReason)
	for _, row := range []row{forwards, back} {
		require.Equal(t, "TNA 2020-02-29 2030-01-01", row.Type+" "+row.EffectiveDate+" "+*row.ExpiryDate)
		require.Nil(t, row.Comment)
		require.Nil(t, row.AuthorisedBy)
	}
	n.ok("PUT", paired+"/sequence/1", body())
	require.Equal(t, "2030-01-01", *n.rows(paired)[0].ExpiryDate, "kept when absent")
	n.ok("PUT", paired+"/sequence/1", body("expiryDate", "2999-12-31"))
	require.Nil(t, n.rows(mirror)[0].ExpiryDate, "cleared when far off")
}

func TestUpdate_isRefusedInTheWordsOfTheAPI(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.refused(400, "cannot be the same", "PUT", "/non-associations/offender/"+a+"/ns-offender/"+a+"/sequence/1", body())
	n.refused(404, "Not Found: NS Offender with nomsId="+z, "PUT", "/non-associations/offender/"+a+"/ns-offender/"+z+"/sequence/1", body())
	n.refused(404, "Not Found: Non-association not found where", "PUT", paired+"/sequence/2", body())
	n.refused(404, "Not Found: Non-association not found where", "PUT", paired+"/sequence/x", body())
	n.refused(400, "Bad request: Reason with code", "PUT", paired+"/sequence/1", body("reason", "XXX"))
	n.refused(400, "Bad request: Effective date", "PUT", paired+"/sequence/1", body("effectiveDate", tomorrow))
	n.refused(400, "Validation failure: comment", "PUT", paired+"/sequence/1", body("comment", strings.Repeat("x", 241)))
	n.refused(400, "missing", "PUT", paired+"/sequence/1", `{}`)
}

func TestReciprocalReason_ofOlderOnesIsTheNewestOnes(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1/close", "")
	n.ok("POST", "/non-associations", body("reason", "RIV", "recipReason", "BUL"))
	forwards, back := n.rows(paired), n.rows(mirror)
	require.Equal(t, []string{"VIC", "BUL", "RIV", "BUL"}, []string{forwards[0].Reason, forwards[0].RecipReason, forwards[1].Reason, forwards[1].RecipReason})
	require.Equal(t, []string{"PER", "RIV", "BUL", "RIV"}, []string{back[0].Reason, back[0].RecipReason, back[1].Reason, back[1].RecipReason})
}

func TestClose_endsTodayWhatHasNotEnded(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1", body("expiryDate", tomorrow))
	n.ok("PUT", paired+"/sequence/1/close", "")
	require.Equal(t, today, *n.rows(paired)[0].ExpiryDate)
	n.ok("PUT", paired+"/sequence/1", body("expiryDate", yesterday))
	n.told()
	n.ok("PUT", paired+"/sequence/1/close", "")
	require.Equal(t, yesterday, *n.rows(mirror)[0].ExpiryDate)
	require.Empty(t, n.told(), "nothing was changed")

	n.refused(400, "cannot be the same", "PUT", "/non-associations/offender/"+a+"/ns-offender/"+a+"/sequence/1/close", "")
	n.refused(404, "Offender with nomsId="+z, "PUT", "/non-associations/offender/"+z+"/ns-offender/"+a+"/sequence/1/close", "")
	n.refused(404, "Non-association not found where", "PUT", paired+"/sequence/7/close", "")
}

func TestDelete_ofTheLastOneTakesTheParents(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body("expiryDate", yesterday))
	n.ok("PUT", paired+"/sequence/1/close", "")
	n.ok("POST", "/non-associations", body())
	n.ok("DELETE", mirror+"/sequence/1", "")
	require.Len(t, n.rows(paired), 1)
	require.Equal(t, [2]int{2, 2}, n.tables())
	n.ok("DELETE", paired+"/sequence/2", "")
	require.Equal(t, [2]int{0, 0}, n.tables())
	n.refused(404, "Not Found: Non-association not found where", "DELETE", paired+"/sequence/2", "")
	n.refused(404, "Not Found: Offender with nomsId="+z, "DELETE", "/non-associations/offender/"+z+"/ns-offender/"+a+"/sequence/1", "")
}

// tables returns how many parent and detail rows the pair has.
func (n *nomis) tables() [2]int {
	n.t.Helper()
	var all struct{ OffenderNonAssociations, OffenderNaDetails []any }
	require.NoError(n.t, json.Unmarshal([]byte(n.ok("GET", "/staff/rows/"+a+"/"+b, "")), &all))
	return [2]int{len(all.OffenderNonAssociations), len(all.OffenderNaDetails)}
}

func TestWrites_ofOnePairAreOneAfterTheOther(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body()) // the rows of the prisoners are there
	n.ok("DELETE", paired+"/sequence/1", "")
	n.told()
	var group sync.WaitGroup
	statuses := make(chan int, 20)
	for i := range 20 {
		group.Go(func() {
			numbers := []string{"offenderNo", a, "nsOffenderNo", b}
			if i%2 == 1 {
				numbers = []string{"offenderNo", b, "nsOffenderNo", a}
			}
			status, _ := n.call("POST", "/non-associations", body(numbers...))
			statuses <- status
		})
	}
	group.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	require.Equal(t, map[int]int{201: 1, 400: 19}, count)
	require.Len(t, n.told(), 2)
}
