package api_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestStaff_open(t *testing.T) {
	h := newStaffServer(t)
	w := h.call(http.MethodPost, "/non-associations", writer, strings.ReplaceAll(newOne, "A9109UD", "a9109ud"))
	body := staffIn(t, w, http.StatusCreated)
	require.JSONEq(t, `{"id":"`+body.ID+`",
		"firstPrisonerNumber":"A9109UD","firstPrisonerRole":"VICTIM","firstPrisonerRoleDescription":"Victim",
		"secondPrisonerNumber":"A0135GA","secondPrisonerRole":"PERPETRATOR","secondPrisonerRoleDescription":"Perpetrator",
		"reason":"VIOLENCE","reasonDescription":"Violence","restrictionType":"CELL","restrictionTypeDescription":"Cell only",
		"comment":"They keep fighting","whenCreated":"2026-07-15T12:00:00","whenUpdated":"2026-07-15T12:00:00","updatedBy":"OFFICER",
		"isClosed":false,"closedBy":null,"closedReason":null,"closedAt":null,"isOpen":true}`, w.Body.String())
	require.Equal(t, strconv.FormatUint(h.reads.Position(), 10), w.Header().Get("X-Position"))
	require.JSONEq(t, `{"prisonerNumber":"A0135GA","nonAssociations":[{"reasonCode":"PER","typeCode":"CELL",
		"effectiveDate":"2026-07-15T12:00:00","expiryDate":null,"authorisedBy":"OFFICER","comments":"They keep fighting",
		"prisonerNonAssociation":{"prisonerNumber":"A9109UD","reasonCode":"VIC"}}]}`, h.list("A0135GA"))
	cause := causeOfFirst(t, h.testServer)
	require.Equal(t, domain.DPS, cause.Source)
	require.EqualValues(t, "A9109UD", cause.About)
}

func TestLife_ofStaff(t *testing.T) {
	h := newStaffServer(t)
	id, first := h.opened()

	w := h.amend(id, `{"restrictionType":"LANDING","secondPrisonerRole":"NOT_RELEVANT","comment":"UPDATED comment","id":"x"}`)
	body := staffIn(t, w, http.StatusOK)
	require.Equal(t, []string{"VICTIM", "NOT_RELEVANT", "VIOLENCE", "LANDING", "UPDATED comment"},
		[]string{body.FirstPrisonerRole, body.SecondPrisonerRole, body.Reason, body.RestrictionType, textOf(body.Comment)})
	require.NotEqual(t, first, w.Header().Get("ETag"))

	same := h.amend(id, `{"comment":"UPDATED comment","reason":null}`)
	require.Equal(t, w.Body.String(), same.Body.String())
	require.Equal(t, ofAnyRequest(w.Header()), ofAnyRequest(same.Header()))
	require.Equal(t, w.Body.String(), h.amend(id, `{}`).Body.String())
	require.Equal(t, 2, h.facts(), "nothing new, no event")

	w = h.close(id, `{"closedReason":"They are friends now","closedAt":"2026-07-15T12:00:00","closedBy":"ASMITH"}`)
	body = staffIn(t, w, http.StatusOK)
	require.True(t, body.IsClosed)
	require.False(t, body.IsOpen)
	require.Equal(t, []string{"They are friends now", "2026-07-15T12:00:00", "ASMITH", "ASMITH"},
		[]string{textOf(body.ClosedReason), textOf(body.ClosedAt), textOf(body.ClosedBy), body.UpdatedBy})

	body = staffIn(t, h.reopen(id, reopening), http.StatusOK)
	require.True(t, body.IsOpen)
	require.Equal(t, "UPDATED comment", textOf(body.Comment), "the reason lives in the history")
	require.Nil(t, body.ClosedReason)
	require.Equal(t, "GOVERNOR", body.UpdatedBy)

	w = h.remove(id, deletion)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, strconv.FormatUint(h.reads.Position(), 10), w.Header().Get("X-Position"))
	require.NotContains(t, h.list("A9109UD"), "UPDATED")
	require.Equal(t, 5, h.facts())
	h.opened()
}

func TestRules_ofState(t *testing.T) {
	h := newStaffServer(t)
	id, _ := h.opened()
	tomorrow := `"2026-07-16T00:00:00"`
	refused := func(status, code int, w *httptest.ResponseRecorder) {
		t.Helper()
		require.Equal(t, status, w.Code, w.Body.String())
		require.Equal(t, code, errorIn(t, w).code())
	}
	swapped := strings.NewReplacer("A9109UD", "A0135GA", "A0135GA", "A9109UD").Replace(newOne)
	refused(409, 101, h.call(http.MethodPost, "/non-associations", writer, swapped))
	refused(409, 101, h.call(http.MethodPost, "/non-associations", writer, newOne))
	refused(409, 104, h.reopen(id, reopening))
	for body, source := range map[string]string{
		`{"closedReason":"x","closedAt":` + tomorrow + `}`:          "/closedAt",
		`{"closedReason":"x","closedAt":"2026-07-15T12:00:01"}`:     "/closedAt",
		`{"closedReason":"x","closedAt":"2026-07-15T11:59:59"}`:     "/closedAt",
		`{"closedReason":"x","closedAt":"2026-07-15T11:59:59.000"}`: "/closedAt",
	} {
		w := h.close(id, body)
		refused(400, 102, w)
		require.Equal(t, []string{source}, errorIn(t, w).sources(), body)
	}
	require.Equal(t, 1, h.facts())

	require.Equal(t, http.StatusOK, h.close(id, closing).Code)
	refused(409, 100, h.close(id, closing))
	refused(409, 100, h.amend(id, `{"comment":"x"}`))
	refused(409, 100, h.amend(id, `{}`))
	w := h.reopen(id, `{"reopenReason":"x","reopenedAt":`+tomorrow+`}`)
	require.Equal(t, []string{"/reopenedAt"}, errorIn(t, w).sources())

	other, _ := h.opened()
	refused(409, 104, h.reopen(id, reopening)) // another is open
	require.Equal(t, http.StatusNoContent, h.remove(other, deletion).Code)
	require.Equal(t, http.StatusOK, h.reopen(id, `{"reopenReason":"x","reopenedAt":"2026-07-15T10:30:00","reopenedBy":"AJONES"}`).Code)
	require.Equal(t, "AJONES", staffIn(t, h.call(http.MethodGet, "/non-associations/"+id, reader, ""), http.StatusOK).UpdatedBy)
	for _, w := range []*httptest.ResponseRecorder{
		h.amend(other, `{}`), h.close(other, closing), h.reopen(other, reopening), h.remove(other, deletion),
		h.amend(anID, `{}`), h.close(anID, closing), h.reopen(anID, reopening), h.remove(anID, deletion),
	} {
		refused(404, 404, w)
	}
	require.Equal(t, 5, h.facts())
}

func TestAmend_ofANOMISRecordInDPSVocabulary(t *testing.T) {
	h := newStaffServer(t)
	told := toldIn(t, h.sync(request(item("A0135GA", "2021-07-05T10:35:17", `"comments":"Theirs",`))))
	id := told.Results[0].NonAssociationID
	body := staffIn(t, h.amend(id, `{"firstPrisonerRole":"UNKNOWN"}`), http.StatusOK)
	require.Equal(t, "A9109UD", body.FirstPrisonerNumber, "whom the request was about")
	require.Equal(t, "UNKNOWN", body.FirstPrisonerRole)
	require.Contains(t, h.list("A9109UD"), `"effectiveDate":"2021-07-05T10:35:17"`)
}

func TestOpening_asksTheDirectory(t *testing.T) {
	h := newStaffServer(t)
	h.people.missing = []domain.PrisonerNumber{"A0135GA"}
	w := h.call(http.MethodPost, "/non-associations", writer, newOne)
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, 404, errorIn(t, w).code())
	require.Equal(t, "Missing prisoners: Could not find the following prisoners: [A0135GA]", errorIn(t, w).DeveloperMessage)

	h.people.missing, h.people.nowhere = nil, []domain.PrisonerNumber{"A0135GA"}
	w = h.call(http.MethodPost, "/non-associations", writer, newOne)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, 103, errorIn(t, w).code())

	h.people.err = errors.New("dial tcp of a secret place")
	w = h.call(http.MethodPost, "/non-associations", writer, newOne)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "secret")
	require.EqualValues(t, 3, h.people.asked.Load())

	require.Equal(t, http.StatusBadRequest, h.call(http.MethodPost, "/non-associations", writer, `{}`).Code)
	require.EqualValues(t, 3, h.people.asked.Load(), "what is malformed is judged before")
	require.Zero(t, h.facts())
}

func TestTimes_areThoseOfLondon(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	h := newStaffServer(t)
	h.process(h.store, nil, func() time.Time { return noon.Add(123456 * time.Microsecond).In(london) }, time.Second)
	w := h.call(http.MethodPost, "/non-associations", writer, newOne)
	require.Contains(t, w.Body.String(), `"whenCreated":"2026-07-15T13:00:00.123456"`)
	body := staffIn(t, h.close(staffIn(t, w, http.StatusCreated).ID, closing), http.StatusOK)
	require.Equal(t, "2026-07-15T13:00:00", textOf(body.ClosedAt))
}

func TestConstants(t *testing.T) {
	h := newStaffServer(t)
	w := h.call(http.MethodGet, "/constants", "ANYBODY:", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{
		"roles":[{"code":"VICTIM","description":"Victim"},{"code":"PERPETRATOR","description":"Perpetrator"},
			{"code":"NOT_RELEVANT","description":"Not relevant"},{"code":"UNKNOWN","description":"Unknown"}],
		"reasons":[{"code":"BULLYING","description":"Bullying"},{"code":"GANG_RELATED","description":"Gang related"},
			{"code":"ORGANISED_CRIME","description":"Organised crime"},{"code":"LEGAL_REQUEST","description":"Police or legal request"},
			{"code":"THREAT","description":"Threat"},{"code":"VIOLENCE","description":"Violence"},{"code":"OTHER","description":"Other"}],
		"restrictionTypes":[{"code":"CELL","description":"Cell only"},{"code":"LANDING","description":"Cell and landing"},
			{"code":"WING","description":"Cell, landing and wing"}]}`, w.Body.String())
	require.Equal(t, http.StatusNotModified, h.call(http.MethodGet, "/constants", reader, "", "If-None-Match", w.Header().Get("ETag")).Code)
	require.Equal(t, http.StatusBadRequest, h.call(http.MethodGet, "/constants?atLeast=x", reader, "").Code)
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/constants?atLeast=99999", reader, "").Code)
}
