package nomisapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fault turns a fault on; the fields are JSON.
func (n *nomis) fault(name, fields string) {
	n.t.Helper()
	n.ok("POST", "/faults", `{"fault":"`+name+`"`+fields+`}`)
}

const onPair = `,"pair":["` + a + `","` + b + `"]`

func TestFaults_areListedUsedUpAndTurnedOff(t *testing.T) {
	t.Parallel()
	n := start(t)
	require.JSONEq(t, `[]`, n.ok("GET", "/faults", ""))
	n.fault("error-503", `,"times":2`)
	n.fault("html-404", onPair)
	n.call("GET", "/non-associations/ids", "")
	require.JSONEq(t, `[{"fault":"error-503","times":1},{"fault":"html-404","pair":["`+a+`","`+b+`"]}]`, n.ok("GET", "/faults", ""))
	n.call("GET", "/non-associations/ids", "")
	require.JSONEq(t, `[{"fault":"html-404","pair":["`+a+`","`+b+`"]}]`, n.ok("GET", "/faults", ""))
	n.fault("delay", "")
	n.ok("DELETE", "/faults?fault=html-404", "")
	require.JSONEq(t, `[{"fault":"delay"}]`, n.ok("GET", "/faults", ""))
	n.ok("DELETE", "/faults", "")
	require.JSONEq(t, `[]`, n.ok("GET", "/faults", ""))
	for _, bad := range []string{
		`{"fault":"none"}`, `{"fault":"delay","times":0}`, `{"fault":"delay","seconds":-1}`, `{"fault":"delay","pair":["` + a + `"]}`, `nonsense`,
	} {
		n.refused(400, "Bad request: ", "POST", "/faults", bad)
	}
}

func TestFault_ofAPairLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("error-503", onPair)
	status, text := n.call("GET", mirror, "")
	require.Equal(t, 503, status)
	require.Contains(t, text, "<html>")
	n.ok("GET", "/non-associations/ids", "")
	n.ok("POST", "/non-associations", body("nsOffenderNo", c))
	status, _ = n.call("POST", "/non-associations", body())
	require.Equal(t, 503, status, "the pair of a POST is in its body")
}

func TestAnswerLost_doesItAndBreaksTheConnection(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("answer-lost", `,"times":1`)
	n.ok("GET", "/non-associations/ids", "")
	n.refused(400, "cannot be the same", "POST", "/non-associations", body("nsOffenderNo", a))
	_, _, err := n.try("good", "POST", "/non-associations", body())
	require.Error(t, err)
	require.Len(t, n.rows(paired), 1)
	require.Len(t, n.told(), 2)
	require.Contains(t, n.ok("GET", "/staff/calls?a="+b+"&b="+a, ""), `"status":201,"answerLost":true`)
	n.ok("PUT", paired+"/sequence/1", body())
}

func TestLocked_refusesWritesOnly(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("locked", `,"times":3`)
	n.ok("GET", "/non-associations/ids", "")
	n.refused(423, "lock", "POST", "/non-associations", body())
	n.refused(423, "lock", "PUT", paired+"/sequence/1", body())
	n.refused(423, "lock", "DELETE", paired+"/sequence/1", "")
}

func TestDelay_isThatOfTheFault(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("delay", `,"seconds":0.05,"times":1`)
	began := time.Now()
	n.ok("GET", "/non-associations/ids", "")
	require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	require.JSONEq(t, `[]`, n.ok("GET", "/faults", ""))
}

func TestHTML404_isNotTheAPIsOwn(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("html-404", "")
	response, text, err := n.try("good", "GET", paired+"/all", "")
	require.NoError(t, err)
	require.Equal(t, 404, response.StatusCode)
	require.Equal(t, "text/html", response.Header.Get("Content-Type"))
	require.NotContains(t, text, "userMessage")
}

func TestPrisonerUnknown_answersAsForAStranger(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.fault("prisoner-unknown", onPair)
	const words = "Offender with nomsId=" + a + " not found"
	n.refused(404, words, "GET", paired+"/all", "")
	n.refused(400, words, "POST", "/non-associations", body())
	n.refused(404, words, "PUT", paired+"/sequence/1", body())
	n.refused(404, words, "PUT", paired+"/sequence/1/close", "")
	n.refused(404, words, "DELETE", paired+"/sequence/1", "")
	require.Equal(t, 1, n.page("").TotalElements, "still listed")
}

func TestTextMangled_isWhatIsReadBack(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("text-mangled", "")
	n.ok("POST", "/non-associations", body("comment", "Café"))
	require.Equal(t, "CAF¿ MANAGER", *n.rows(mirror)[0].Comment+" "+*n.rows(paired)[0].AuthorisedBy)
	n.ok("DELETE", "/faults", "")
	n.ok("PUT", paired+"/sequence/1", body("comment", "Café"))
	require.Equal(t, "Café", *n.rows(mirror)[0].Comment)
}

func TestHalfClosed_endsTheMirrorOfTheHigherNumber(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.told()
	n.fault("half-closed", onPair)
	require.Equal(t, []string{"UPSERTED " + b + " 1"}, kinds(n.told()))
	require.Nil(t, n.rows(paired)[0].ExpiryDate)
	require.Equal(t, today, *n.rows(mirror)[0].ExpiryDate)

	n.ok("PUT", paired+"/sequence/1", body("expiryDate", yesterday))
	require.Equal(t, yesterday+yesterday, *n.rows(paired)[0].ExpiryDate+*n.rows(mirror)[0].ExpiryDate, "mended for good")
	n.told()
	require.JSONEq(t, `{"typeSequence":2}`, n.ok("POST", "/non-associations", body()))
	require.Len(t, n.told(), 2, "two messages a change as ever")
	require.Equal(t, today, *n.rows(mirror)[1].ExpiryDate, "as it is written")

	require.JSONEq(t, `{"typeSequence":3}`, n.ok("POST", "/non-associations", body()), "one open half is no open one")
	require.Equal(t, today, *n.rows(paired)[1].ExpiryDate, "it was closed without a word")
}

func TestHalfClosed_opensTheMirrorOfAClosedOne(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.fault("half-closed", `,"times":1`)
	n.ok("PUT", paired+"/sequence/1/close", "")
	require.Equal(t, today, *n.rows(paired)[0].ExpiryDate)
	require.Nil(t, n.rows(mirror)[0].ExpiryDate)
	n.ok("PUT", paired+"/sequence/1/close", "")
	require.Equal(t, today, *n.rows(mirror)[0].ExpiryDate)
}

func TestMirrorMissing_cannotBeMendedByTheAPI(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("PUT", paired+"/sequence/1/close", "")
	n.ok("POST", "/non-associations", body())
	n.told()
	n.fault("mirror-missing", onPair+`,"times":1`)
	require.Equal(t, []string{"DELETED " + b + " 2"}, kinds(n.told()))
	require.Len(t, n.rows(paired), 2)
	require.Len(t, n.rows(mirror), 1)
	const opposite = "Opposite non-association detail not found where offender=" + b
	n.refused(400, "Bad request: "+opposite, "PUT", paired+"/sequence/2", body())
	n.refused(404, "Not Found: "+opposite, "PUT", paired+"/sequence/2/close", "")
	n.refused(404, "Not Found: "+opposite, "DELETE", paired+"/sequence/2", "")
	n.refused(500, "sequence mismatch", "POST", "/non-associations", body())
	n.refused(500, "differing number of details", "DELETE", paired+"/sequence/1", "")
	require.Len(t, n.rows(paired), 2, "nothing was changed")
	n.ok("DELETE", "/staff/non-associations/"+a+"/"+b+"/2", "")
	require.Len(t, n.rows(paired), 1)
}

func TestMirrorMissing_ofTheOnlyOneLeavesAnEmptyList(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fault("mirror-missing", "")
	n.ok("POST", "/non-associations", body())
	require.Len(t, n.told(), 2)
	require.Empty(t, n.rows(mirror))
	require.Equal(t, 1, n.page("").TotalElements)
}

func TestMovingPages_missAPairInOneSweepOnly(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.fill(10)
	n.fault("moving-pages", "")
	sweep := func() (seen map[string]int, totals map[int]bool) {
		seen, totals = map[string]int{}, map[int]bool{}
		for number := range 4 {
			p := n.page(fmt.Sprintf("?size=3&page=%d", number))
			totals[p.TotalElements] = true
			for _, pair := range p.Content {
				seen[pair.OffenderNo1]++
			}
		}
		return seen, totals
	}
	seen, totals := sweep()
	require.Equal(t, map[int]bool{10: true, 11: true}, totals)
	require.Len(t, seen, 8, "one before each odd page is missing")
	seen, _ = sweep()
	require.Len(t, seen, 10)
}

func TestCalls_areKeptOverAStop(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.call("PUT", paired+"/sequence/9", body())
	n.ok("GET", mirror+"?typeSequence=1", "")
	n.ok("GET", "/non-associations/ids?size=1", "")
	n.ok("POST", "/non-associations", body("nsOffenderNo", c))
	var calls []struct {
		At, Method, Path, Body string
		Status                 int
	}
	require.NoError(t, json.Unmarshal([]byte(n.ok("GET", "/staff/calls?a="+a+"&b="+b, "")), &calls))
	var short []string
	for _, call := range calls {
		short = append(short, fmt.Sprint(call.Method, " ", call.Path, " ", call.Status))
	}
	require.ElementsMatch(t, []string{"POST /non-associations 201", "PUT " + paired + "/sequence/9 404", "GET " + mirror + "?typeSequence=1 200"}, short)
	require.NoError(t, json.Unmarshal([]byte(n.ok("GET", "/staff/calls", "")), &calls))
	require.Len(t, calls, 5)
	again := n.again()
	require.NoError(t, json.Unmarshal([]byte(again.ok("GET", "/staff/calls", "")), &calls))
	require.Len(t, calls, 3, "those that write")
	require.Len(t, again.rows(paired), 1)
	require.True(t, strings.HasPrefix(calls[0].Body, "{"))
}
