package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

func itoa(n int) string { return strconv.Itoa(n) }

// record is the JSON of the original architecture record, to the letter.
const record = `{
  "prisonerNumber": "A9109UD",
  "nonAssociations": [
    {
      "reasonCode": "VIC",
      "typeCode": "WING",
      "effectiveDate": "2021-07-05T10:35:17",
      "expiryDate": "2021-07-05T10:35:17",
      "authorisedBy": "Staff Name",
      "comments": "Do not location near",
      "prisonerNonAssociation": { "prisonerNumber": "A0135GA", "reasonCode": "PER" }
    }
  ]
}`

// mirror is the same, told from the other prisoner.
const mirror = `{"prisonerNumber":"A0135GA","nonAssociations":[{"reasonCode":"PER","typeCode":"WING",
"effectiveDate":"2021-07-05T10:35:17","expiryDate":"2021-07-05T10:35:17","authorisedBy":"Staff Name",
"comments":"Do not location near","prisonerNonAssociation":{"prisonerNumber":"A9109UD","reasonCode":"VIC"}}]}`

// item is one item of a request about A9109UD; fields are added to it.
func item(other, effective, fields string) string {
	return fmt.Sprintf(`{"reasonCode":"VIC","typeCode":"WING","effectiveDate":%q,%s
		"prisonerNonAssociation":{"prisonerNumber":%q,"reasonCode":"PER"}}`, effective, fields, other)
}

func request(items ...string) string {
	return `{"prisonerNumber":"A9109UD","nonAssociations":[` + strings.Join(items, ",") + `]}`
}

func TestRecord_hasItsOwnJSON(t *testing.T) {
	h := newTestServer(t)
	w := h.sync(record)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	body := toldIn(t, w)
	require.Equal(t, "A9109UD", body.PrisonerNumber)
	require.Equal(t, "CREATED", kinds(body))
	require.Equal(t, "A0135GA", body.Results[0].PrisonerNumber, "the other prisoner")
	require.Equal(t, strconv.FormatUint(body.Position, 10), w.Header().Get("X-Position"))

	require.JSONEq(t, record, h.list("A9109UD"))
	require.JSONEq(t, mirror, h.list("A0135GA"))
	require.JSONEq(t, `{"prisonerNumber":"B1111BB","nonAssociations":[]}`, h.list("B1111BB"), "never seen")

	again := toldIn(t, h.sync(record))
	require.Equal(t, "UNCHANGED", kinds(again))
	require.Equal(t, body.Results[0].NonAssociationID, again.Results[0].NonAssociationID)
	require.Equal(t, "UNCHANGED", kinds(toldIn(t, h.sync(mirror))), "the mirror says the same")
	require.Equal(t, 1, h.facts(), "no difference, no event")
}

func TestDifference_isOneEvent(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	changed := strings.Replace(mirror, "Do not location near", "Apart at all times", 1)
	require.Equal(t, "AMENDED", kinds(toldIn(t, h.sync(changed))))
	require.Equal(t, 2, h.facts())
	require.Contains(t, h.list("A9109UD"), "Apart at all times")
}

func TestMigrate_saysWhetherAnythingWasNew(t *testing.T) {
	h := newTestServer(t)
	w := h.call(http.MethodPost, "/migrate", migrator, record)
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, "CREATED", kinds(toldIn(t, w)))
	w = h.call(http.MethodPost, "/migrate", migrator, record)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "UNCHANGED", kinds(toldIn(t, w)))
	require.Equal(t, domain.Migration, causeOfFirst(t, h).Source)
}

func TestResults_comeInTheOrderOfTheRequest(t *testing.T) {
	h := newTestServer(t)
	body := toldIn(t, h.sync(request(
		item("C3333CC", "2021-01-01T00:00:00", ""),
		item("B2222BB", "2021-01-01T00:00:00", `"expiryDate":"2022-01-01T00:00:00",`),
		item("c3333cc", "2022-01-01T00:00:00", ""), // later, so it counts
		item("B2222BB", "2023-01-01T00:00:00", ""),
	)))
	require.Equal(t, "IGNORED/NOT_LATEST CREATED CREATED CREATED", kinds(body))
	require.Equal(t, body.Results[2].NonAssociationID, body.Results[0].NonAssociationID, "the one that counts")
	var others []string
	for _, r := range body.Results {
		others = append(others, r.PrisonerNumber)
	}
	require.Equal(t, []string{"C3333CC", "B2222BB", "C3333CC", "B2222BB"}, others)
}

func TestItem_besideAStoredOneIsIgnored(t *testing.T) {
	h := newTestServer(t)
	h.sync(request(
		item("B2222BB", "2021-01-01T00:00:00", `"typeSequence":1,"expiryDate":"2021-02-01T00:00:00",`),
		item("B2222BB", "2024-01-01T00:00:00", `"typeSequence":2,`),
	))
	body := toldIn(t, h.sync(request(item("B2222BB", "2021-01-01T00:00:00", `"typeSequence":1,`))))
	require.Equal(t, "IGNORED/ANOTHER_NOT_CLOSED", kinds(body))
}

func TestCaller_thatKnowsDaysOnlyChangesNoTimeOfDay(t *testing.T) {
	for path, token := range map[string]string{"/sync": syncer, "/migrate": migrator} {
		h := newTestServer(t)
		h.sync(record)
		told := func(body string) string { return kinds(toldIn(t, h.call(http.MethodPost, path, token, body))) }
		day := strings.NewReplacer("T10:35:17", "T00:00:00", `"VIC",`, `"VIC","datePrecision":"DAY",`).Replace(record)
		require.Equal(t, "UNCHANGED", told(day), path)
		require.Equal(t, "AMENDED", told(strings.Replace(day, "Do not", "Never", 1)))
		require.JSONEq(t, strings.Replace(record, "Do not", "Never", 1), h.list("A9109UD"), "the stored time of day stays")
		require.Equal(t, "AMENDED", told(strings.NewReplacer(`"expiryDate": "2021-07-05`, `"expiryDate": "2022-07-05`, "Do not", "Never").Replace(day)))
		require.Contains(t, h.list("A9109UD"), `"expiryDate":"2022-07-05T00:00:00"`)
		require.Contains(t, h.list("A9109UD"), `"effectiveDate":"2021-07-05T10:35:17"`)
		require.Equal(t, "UNCHANGED", told(strings.NewReplacer(`"DAY"`, `null`, `"expiryDate": "2021`, `"expiryDate": "2022`, "Do not", "Never",
			`"effectiveDate": "2021-07-05T00:00:00"`, `"effectiveDate": "2021-07-05T10:35:17"`).Replace(day)), "null is none")
	}
}

func TestSameSequence_ofTwoPairsIsNotTwice(t *testing.T) {
	h := newTestServer(t)
	body := toldIn(t, h.sync(request(
		item("B2222BB", "2021-01-01T00:00:00", `"typeSequence":1,`), item("C3333CC", "2021-01-01T00:00:00", `"typeSequence":1,`),
	)))
	require.Equal(t, "CREATED CREATED", kinds(body))
}

func TestSameItemTwice_isOneRecord(t *testing.T) {
	h := newTestServer(t)
	closed := item("B2222BB", "2021-01-01T00:00:00", `"expiryDate":"2022-01-01T00:00:00",`)
	body := toldIn(t, h.sync(request(closed, closed)))
	require.Equal(t, "CREATED CREATED", kinds(body))
	require.Equal(t, body.Results[0], body.Results[1])
	require.Equal(t, 1, h.facts())
}

func TestAbsence_isNotAFact(t *testing.T) {
	h := newTestServer(t)
	h.sync(request(item("B2222BB", "2021-01-01T00:00:00", "")))
	h.sync(request(item("C3333CC", "2021-01-01T00:00:00", "")))
	w := h.sync(request())
	require.Equal(t, http.StatusOK, w.Code)
	body := toldIn(t, w)
	require.Equal(t, []outcome{}, body.Results)
	require.Equal(t, strconv.FormatUint(h.reads.Position(), 10), w.Header().Get("X-Position"), "the head")
	require.Contains(t, h.list("A9109UD"), "B2222BB")
	require.Equal(t, 2, h.facts())
}

func TestItem_missingValuesAreNullAndUnknownFieldsIgnored(t *testing.T) {
	for name, fields := range map[string]string{
		"absent":        "",
		"null":          `"expiryDate":null,"authorisedBy":null,"comments":null,"id":null,"typeSequence":null,`,
		"empty":         `"authorisedBy":"","comments":"",`,
		"unknown extra": `"extra":{"a":[1,{"b":null}]},"Comments":"not this",`,
	} {
		h := newTestServer(t)
		w := h.call(http.MethodPost, "/sync?what=ever&atLeast=x", syncer, request(item("B2222BB", "2021-01-01T00:00:00", fields)))
		require.Equal(t, http.StatusOK, w.Code, name)
		require.JSONEq(t, `{"prisonerNumber":"A9109UD","nonAssociations":[{"reasonCode":"VIC","typeCode":"WING",
			"effectiveDate":"2021-01-01T00:00:00","expiryDate":null,"authorisedBy":null,"comments":null,
			"prisonerNonAssociation":{"prisonerNumber":"B2222BB","reasonCode":"PER"}}]}`, h.list("A9109UD"), name)
	}
}

func TestText_thatIsAllowedIsKeptAsGiven(t *testing.T) {
	for name, fields := range map[string]string{
		"expiry before effective": `"expiryDate":"1999-12-31T23:59:59",`,
		"future expiry":           `"expiryDate":"2999-12-31T23:59:59",`,
		"leap day":                `"expiryDate":"2024-02-29T00:00:00",`,
		"limits in code points":   `"comments":"` + strings.Repeat("😀", 240) + `","authorisedBy":"` + strings.Repeat("é", 60) + `",`,
		"white space":             `"comments":" a\tb\r\nc ",`,
		"escapes":                 `"comments":"\u00e9 \ud83d\ude00 <b>&amp;</b> \" \\ \/",`,
		"id and sequence":         `"id":"8BD1A8C5-1b1f-4d4c-8d1c-6a2d7a0e9f10","typeSequence":999,`,
	} {
		h := newTestServer(t)
		body := request(item("B2222BB", "2021-01-01T00:00:00", fields))
		require.Equal(t, http.StatusOK, h.sync(body).Code, name)
		require.Equal(t, "UNCHANGED", kinds(toldIn(t, h.sync(body))), name)
	}
}

func TestFact_knowsItsActorAndReason(t *testing.T) {
	const correlation = "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"
	for given, kept := range map[string]bool{correlation: true, "something else": false, "": false} {
		h := newTestServer(t)
		h.call(http.MethodPost, "/sync", syncer, record, "X-Correlation-Id", given)
		cause := causeOfFirst(t, h)
		require.Equal(t, "NOMIS_SYNC", cause.Actor)
		require.Equal(t, domain.NOMIS, cause.Source)
		require.EqualValues(t, "A9109UD", cause.About)
		require.Equal(t, kept, cause.CorrelationID.String() == correlation)
		require.Equal(t, !kept, cause.CorrelationID == cause.CommandID)
	}
}

func causeOfFirst(t *testing.T, h *testServer) domain.Cause {
	events, err := h.store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1)
	require.NoError(t, err)
	fact, err := eventstore.Decode(domain.Events(), events[0])
	require.NoError(t, err)
	return fact.Meta.Cause
}

func TestLargeRequest_isTakenWhole(t *testing.T) {
	h := newTestServer(t)
	var items []string
	for i := range 1000 {
		items = append(items, item(fmt.Sprintf("B%04dBB", i), "2021-01-01T00:00:00", ""))
	}
	for i := range 98 { // 99 of one pair, one of them not closed
		items = append(items, item("B0000BB", fmt.Sprintf("2020-01-01T00:00:%02d", i%60), fmt.Sprintf(`"expiryDate":"2020-02-01T00:00:%02d",`, i/60)))
	}
	w := h.call(http.MethodPost, "/migrate", migrator, request(items...))
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	require.Len(t, toldIn(t, w).Results, 1098)
	require.Equal(t, 1098, h.facts())
}
