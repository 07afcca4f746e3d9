package nomisapi_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChange_sendsOneMessageOfEitherRow(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/non-associations", body())
	sent := n.told()
	require.Equal(t, []string{"UPSERTED " + a + " 1", "UPSERTED " + b + " 1"}, kinds(sent))
	require.Equal(t, []string{"VIC", "PER", "DPS_SYNCHRONISATION"}, []string{sent[0].ReasonCode, sent[1].ReasonCode, *sent[0].AuditModuleName})
	require.NotEqual(t, sent[0].ID, sent[1].ID)
	n.ok("PUT", paired+"/sequence/1", body("type", "CELL"))
	require.Equal(t, []string{"UPSERTED " + a + " 1", "UPSERTED " + b + " 1"}, kinds(n.told()))
	n.ok("PUT", paired+"/sequence/1/close", "")
	sent = n.told()
	require.Len(t, sent, 2)
	require.Equal(t, today, *sent[0].ExpiryDate)
	n.ok("DELETE", paired+"/sequence/1", "")
	require.Equal(t, []string{"DELETED " + a + " 1", "DELETED " + b + " 1"}, kinds(n.told()))
	n.call("DELETE", paired+"/sequence/1", "")
	require.Empty(t, n.told(), "what was refused sends nothing")
}

func TestMessage_hasTheShapeOfNOMIS(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/staff/non-associations", body("expiryDate", "2026-12-20"))
	n.mu.Lock()
	defer n.mu.Unlock()
	var outer struct {
		Type, MessageID, Message, TopicArn, Timestamp string
		MessageAttributes                             map[string]struct{ Type, Value string }
	}
	require.NoError(t, json.Unmarshal([]byte(n.events[0]), &outer))
	require.Equal(t, "Notification", outer.Type)
	require.Equal(t, "NON_ASSOCIATION_DETAIL-UPSERTED", outer.MessageAttributes["eventType"].Value)
	require.Equal(t, "2026-07-15T11:00:00Z", outer.Timestamp)
	require.JSONEq(t, `{"eventType":"NON_ASSOCIATION_DETAIL-UPSERTED","eventDatetime":"2026-07-15T12:00:00","bookingId":300000000,
		"offenderIdDisplay":"A0135GA","nomisEventType":"OFF_NA_DETAILS_ASSOC-UPDATED","nsOffenderIdDisplay":"A9109UD","nsBookingId":300000000,
		"reasonCode":"VIC","nsType":"WING","typeSeq":1,"effectiveDate":"2026-07-01","expiryDate":"2026-12-20","authorisedBy":"Manager",
		"comment":"Keep apart","auditModuleName":"OIDONONA"}`, withoutBookings(t, outer.Message))
}

// withoutBookings puts one number for the ids of bookings, which are made up.
func withoutBookings(t *testing.T, text string) string {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	for _, name := range []string{"bookingId", "nsBookingId"} {
		require.NotZero(t, all[name])
		all[name] = 300000000
	}
	fixed, err := json.Marshal(all)
	require.NoError(t, err)
	return string(fixed)
}

func TestMessages_comeTwiceUnderTheirIDs(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/faults", `{"fault":"event-twice","times":1}`)
	n.ok("POST", "/non-associations", body())
	sent := n.told()
	require.Equal(t, []string{"UPSERTED " + a + " 1", "UPSERTED " + b + " 1", "UPSERTED " + a + " 1", "UPSERTED " + b + " 1"}, kinds(sent))
	require.Equal(t, sent[0].ID, sent[2].ID)
	n.ok("DELETE", paired+"/sequence/1", "")
	require.Len(t, n.told(), 2)
}

func TestMessages_comeAfterThoseOfTheNextChange(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/faults", `{"fault":"events-out-of-order","times":1,"seconds":3600}`)
	n.ok("POST", "/non-associations", body())
	require.Empty(t, n.told())
	n.ok("DELETE", paired+"/sequence/1", "")
	require.Equal(t, []string{"DELETED " + a + " 1", "DELETED " + b + " 1", "UPSERTED " + b + " 1", "UPSERTED " + a + " 1"}, kinds(n.told()))
}

func TestMessages_heldBackComeAtLast(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/faults", `{"fault":"events-out-of-order","seconds":0.01}`)
	n.ok("POST", "/non-associations", body())
	<-n.grown
	<-n.grown
	require.Len(t, n.told(), 2)
	n.ok("POST", "/faults", `{"fault":"events-out-of-order","seconds":3600}`)
	n.ok("DELETE", paired+"/sequence/1", "")
	require.Empty(t, n.told())
	n.ok("DELETE", "/faults", "")
	require.Len(t, n.told(), 2, "when the fault is off")
}

func TestMessages_canBeLostOrWithoutModule(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.ok("POST", "/faults", `{"fault":"event-lost","pair":["`+b+`","`+a+`"]}`)
	n.ok("POST", "/faults", `{"fault":"event-null-module"}`)
	n.ok("POST", "/non-associations", body())
	require.Empty(t, n.told())
	n.ok("POST", "/non-associations", body("nsOffenderNo", c))
	sent := n.told()
	require.Len(t, sent, 2)
	require.Nil(t, sent[0].AuditModuleName)
	require.Nil(t, sent[1].AuditModuleName)
}
