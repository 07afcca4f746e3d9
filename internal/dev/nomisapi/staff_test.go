package nomisapi_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const staffPaired = "/staff/non-associations/" + a + "/" + b

func TestStaff_mayRecordWhatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/staff/non-associations", body("updatedBy", "QAB12C_GEN"))
	require.JSONEq(t, `{"typeSequence":2}`, n.ok("POST", "/staff/non-associations", body("effectiveDate", tomorrow, "reason", "OLD", "expiryDate", "2030-01-01")))
	rows := n.rows(paired)
	require.Equal(t, "QAB12C_GEN STAFF_GEN OLD "+tomorrow, rows[0].UpdatedBy+" "+rows[1].UpdatedBy+" "+rows[1].Reason+" "+rows[1].EffectiveDate)
	sent := n.told()
	require.Len(t, sent, 4)
	require.Equal(t, "OIDONONA", *sent[0].AuditModuleName)
	n.refused(400, "cannot be the same", "POST", "/staff/non-associations", body("nsOffenderNo", a))
	n.refused(404, "NS Offender with nomsId="+z, "POST", "/staff/non-associations", body("nsOffenderNo", z))
	n.refused(400, "missing", "POST", "/staff/non-associations", `{}`)
}

func TestStaff_changeTheFieldsThatTheyName(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.told()
	n.ok("PATCH", staffPaired+"/1", `{"type":"CELL","recipReason":"RIV","comment":null,"expiryDate":"`+tomorrow+`","updatedBy":"QAB12C_GEN"}`)
	forwards, back := n.rows(paired)[0], n.rows(mirror)[0]
	require.Equal(t, "VIC RIV CELL QAB12C_GEN", forwards.Reason+" "+forwards.RecipReason+" "+forwards.Type+" "+forwards.UpdatedBy)
	require.Equal(t, "RIV VIC Manager "+tomorrow, back.Reason+" "+back.RecipReason+" "+*back.AuthorisedBy+" "+*back.ExpiryDate)
	require.Nil(t, back.Comment)
	require.Len(t, n.told(), 2)
	n.ok("PATCH", staffPaired+"/1", `{"expiryDate":null}`)
	require.Nil(t, n.rows(mirror)[0].ExpiryDate)
	n.refused(404, "Non-association not found", "PATCH", staffPaired+"/2", `{}`)
	n.refused(400, "Bad request", "PATCH", staffPaired+"/1", `[]`)
}

func TestStaff_workInSilence(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/staff/non-associations?silent=true", body())
	n.ok("PATCH", staffPaired+"/1?silent=true", `{"type":"CELL"}`)
	n.ok("POST", "/faults?silent=true", `{"fault":"half-closed"`+onPair+`}`)
	n.ok("DELETE", staffPaired+"/1?silent=true", "")
	n.refused(404, "Non-association not found", "DELETE", staffPaired+"/1?silent=true", "")
	n.ok("POST", "/staff/non-associations?silent=true", body())
	n.ok("POST", "/staff/booking-moves?silent=true", `{"from":"`+a+`","to":"`+c+`"}`)
	n.ok("DELETE", "/staff/bookings/"+c+"?silent=true", "")
	n.ok("POST", "/staff/merges?silent=true", `{"from":"`+b+`","to":"`+c+`"}`)
	require.Empty(t, n.told())
	n.mu.Lock()
	defer n.mu.Unlock()
	require.Empty(t, n.merges)
}

// domainEvent returns the last message about a prisoner.
func (n *nomis) domainEvent() map[string]any {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	require.NotEmpty(n.t, n.merges)
	var outer struct{ Message string }
	require.NoError(n.t, json.Unmarshal([]byte(n.merges[len(n.merges)-1]), &outer))
	var event map[string]any
	require.NoError(n.t, json.Unmarshal([]byte(outer.Message), &event))
	return event
}

func TestMerge_renumbersBehindWhatTheSurvivorHas(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body("nsOffenderNo", c))
	n.ok("POST", "/staff/non-associations", body("updatedBy", "QAB12C_GEN", "reason", "BUL"))
	n.ok("DELETE", staffPaired+"/1", "")
	for range 3 {
		n.ok("POST", "/staff/non-associations", body("updatedBy", "QAB12C_GEN", "reason", "BUL"))
	}
	n.ok("DELETE", staffPaired+"/2", "")
	n.ok("POST", "/staff/non-associations", body("offenderNo", b, "nsOffenderNo", c))
	n.told()
	require.JSONEq(t, `{"pairs":2}`, n.ok("POST", "/staff/merges", `{"from":"`+b+`","to":"`+c+`"}`))

	rows := n.rows("/non-associations/offender/" + a + "/ns-offender/" + c)
	var short []string
	for _, row := range rows {
		short = append(short, fmt.Sprint(row.TypeSequence, " ", row.Reason, " ", row.UpdatedBy))
	}
	require.Equal(t, []string{"1 VIC PRISONER_MANAGER_API", "2 BUL QAB12C_GEN", "3 BUL QAB12C_GEN"}, short, "two open ones")
	require.Len(t, n.rows("/non-associations/offender/"+c+"/ns-offender/"+a), 3)
	n.refused(404, "NS Offender with nomsId="+b, "GET", paired+"/all", "")
	n.refused(404, "Offender with nomsId="+b, "POST", "/staff/merges", `{"from":"`+b+`","to":"`+c+`"}`)
	require.Equal(t, 1, n.page("").TotalElements, "a pair of the two themselves is gone")
	sent := n.told()
	require.Len(t, sent, 10, "two of each that went and of each that came")
	require.Equal(t, "MERGE", *sent[0].AuditModuleName)

	event := n.domainEvent()
	require.Equal(t, "prison-offender-events.prisoner.merged", event["eventType"])
	about := event["additionalInformation"].(map[string]any)
	require.Equal(t, []any{c, b, "MERGE"}, []any{about["nomsNumber"], about["removedNomsNumber"], about["reason"]})
	for number, want := range map[string]int{b: 1, c: 1, a: 0} {
		var merges []struct {
			DeletedOffenderNo, RetainedOffenderNo, RequestDateTime string
			ActiveBookingID, PreviousBookingID                     int
		}
		require.NoError(t, json.Unmarshal([]byte(n.ok("GET", "/prisoners/"+number+"/merges?fromDate="+today, "")), &merges))
		require.Len(t, merges, want)
		if want == 1 {
			require.Equal(t, b+c+"2026-07-15T12:00:00", merges[0].DeletedOffenderNo+merges[0].RetainedOffenderNo+merges[0].RequestDateTime)
			require.NotZero(t, merges[0].PreviousBookingID)
			require.NotEqual(t, merges[0].ActiveBookingID, merges[0].PreviousBookingID)
		}
		require.JSONEq(t, `[]`, n.ok("GET", "/prisoners/"+number+"/merges?fromDate="+tomorrow, ""))
	}
	n.refused(400, "fromDate", "GET", "/prisoners/"+a+"/merges?fromDate=x", "")
	n.refused(400, "same", "POST", "/staff/merges", `{"from":"`+a+`","to":"`+a+`"}`)
	n.refused(400, "from and to", "POST", "/staff/merges", `{"from":"`+a+`"}`)
}

func TestMerge_keepsTheSequencesWhereTheSurvivorHasNone(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/staff/non-associations", body())
	n.ok("POST", "/staff/non-associations", body("comment", "second"))
	n.ok("DELETE", staffPaired+"/1", "")
	n.ok("POST", "/staff/merges", `{"from":"`+b+`","to":"`+c+`"}`)
	rows := n.rows("/non-associations/offender/" + c + "/ns-offender/" + a)
	require.Len(t, rows, 1)
	require.Equal(t, "2 PER VIC second", fmt.Sprint(rows[0].TypeSequence, " ", rows[0].Reason, " ", rows[0].RecipReason, " ", *rows[0].Comment))
}

func TestMerge_besideWritesLeavesTheMirrorsEqual(t *testing.T) {
	t.Parallel()
	n := start(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { n.call("POST", "/staff/non-associations", body()) })
		group.Go(func() { n.call("POST", "/staff/non-associations", body("offenderNo", c, "nsOffenderNo", a)) })
		group.Go(func() { n.call("POST", "/staff/non-associations", body("offenderNo", b, "nsOffenderNo", c)) })
		group.Go(func() { n.call("POST", "/staff/merges", `{"from":"`+b+`","to":"`+c+`"}`) })
	}
	group.Wait()
	require.Equal(t, 1, n.page("").TotalElements, "nothing is left of the number that was merged away")
	forwards, back := n.rows("/non-associations/offender/"+a+"/ns-offender/"+c), n.rows("/non-associations/offender/"+c+"/ns-offender/"+a)
	require.Len(t, back, len(forwards))
	require.GreaterOrEqual(t, len(forwards), 8)
	for i := range forwards {
		require.Equal(t, i+1, forwards[i].TypeSequence)
		require.Equal(t, forwards[i].TypeSequence, back[i].TypeSequence)
	}
}

func TestBookingMove_takesTheRowsOfTheBooking(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	booking := n.told()[0].BookingID
	require.JSONEq(t, fmt.Sprintf(`{"bookingId":%d,"pairs":1}`, booking), n.ok("POST", "/staff/booking-moves", `{"from":"`+a+`","to":"`+c+`"}`))
	require.Len(t, n.rows("/non-associations/offender/"+b+"/ns-offender/"+c), 1)
	event := n.domainEvent()
	require.Equal(t, "prison-offender-events.prisoner.booking.moved", event["eventType"])
	require.Equal(t, map[string]any{
		"bookingId": float64(booking), "movedFromNomsNumber": a, "movedToNomsNumber": c,
		"bookingStartDateTime": "2000-01-01T00:00:00",
	}, event["additionalInformation"])

	n.refused(404, "Offender with nomsId="+a+" not found", "GET", paired+"/all", "")
	n.refused(500, "Unexpected error: Offender "+a+" has no bookings", "POST", "/non-associations", body())
	n.refused(404, "has no bookings", "POST", "/staff/booking-moves", `{"from":"`+a+`","to":"`+c+`"}`)
	n.ok("POST", "/staff/booking-moves", `{"from":"`+c+`","to":"`+a+`"}`)
	require.Len(t, n.rows(paired), 1, "the moved one counted, and is back")
	n.refused(404, "Offender with nomsId="+z, "POST", "/staff/booking-moves", `{"from":"`+a+`","to":"`+z+`"}`)
}

func TestBookingDeletion_takesTheRowsWithIt(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	n.ok("POST", "/non-associations", body("offenderNo", c))
	booking := n.told()[0].BookingID
	n.ok("DELETE", "/staff/bookings/"+a, "")
	require.Equal(t, []string{"DELETED " + a + " 1", "DELETED " + b + " 1"}, kinds(n.told()))
	require.Equal(t, 1, n.page("").TotalElements, "that of the others stays")
	n.refused(404, "Offender with nomsId="+a+" not found", "GET", paired+"/all", "")
	event := n.domainEvent()
	require.Equal(t, "prison-offender-events.prisoner.booking.deleted", event["eventType"])
	require.Equal(t, map[string]any{"bookingId": float64(booking)}, event["additionalInformation"])
	require.Equal(t, map[string]any{"identifiers": []any{map[string]any{"type": "NOMS", "value": a}}}, event["personReference"])
	n.refused(404, "no bookings", "DELETE", "/staff/bookings/"+a, "")
	n.refused(404, "Offender with nomsId", "DELETE", "/staff/bookings/"+z, "")
}

func TestSplashScreen_saysWhereItIsBlocked(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.refused(404, "Not Found: Splash screen", "GET", "/splash-screens/OIDONONA", "")
	require.JSONEq(t, `[]`, n.ok("GET", "/splash-screens/OIDONONA/blocked", ""))
	n.ok("PUT", "/staff/splash-screens/OIDONONA", `{"warningText":"soon","conditions":[
		{"prisonId":"XAA","accessBlocked":true,"type":"CASELOAD"},{"prisonId":"XAB","accessBlocked":false,"type":"CASELOAD"}]}`)
	require.JSONEq(t, `[{"prisonId":"XAA"}]`, n.ok("GET", "/splash-screens/OIDONONA/blocked", ""))
	require.JSONEq(t, `{"moduleName":"OIDONONA","accessBlockedType":"COND","warningText":"soon","conditions":[
		{"prisonId":"XAA","accessBlocked":true,"type":"CASELOAD"},{"prisonId":"XAB","accessBlocked":false,"type":"CASELOAD"}]}`,
		n.ok("GET", "/splash-screens/OIDONONA", ""))
	n.ok("PUT", "/staff/splash-screens/OIDONONA", `{"accessBlockedType":"YES"}`)
	require.JSONEq(t, `[{"prisonId":"**ALL**"}]`, n.ok("GET", "/splash-screens/OIDONONA/blocked", ""))
	n.refused(400, "splash screen", "PUT", "/staff/splash-screens/OIDONONA", `nonsense`)
}
