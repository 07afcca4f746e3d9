package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

const (
	mapper = "NOMIS_MAPPER:NOMIS_MAPPING_API__SYNCHRONISATION__RW:write"
	ofID   = "/mapping/non-associations/non-association-id/"
)

// newMapping is a body as NOMIS's services send it.
func newMapping(id string, sequence int) string {
	return fmt.Sprintf(`{"nonAssociationId":%q,"firstOffenderNo":"A9109UD","secondOffenderNo":"A0135GA","nomisTypeSequence":%d,
		"label":"2026-12-01T10:15:00","mappingType":"MIGRATED","whenCreated":"2026-12-01T10:15:00"}`, id, sequence)
}

// sequenced is a request with one item that has a sequence.
func sequenced(other string, sequence int) string {
	return request(item(other, "2020-01-01T00:00:00", fmt.Sprintf(`"typeSequence":%d,`, sequence)))
}

func bySequence(first, second string, sequence any) string {
	return fmt.Sprintf("/mapping/non-associations/first-offender-no/%s/second-offender-no/%s/type-sequence/%v", first, second, sequence)
}

type mappingBody struct {
	NonAssociationID  string `json:"nonAssociationId"`
	FirstOffenderNo   string `json:"firstOffenderNo"`
	SecondOffenderNo  string `json:"secondOffenderNo"`
	NOMISTypeSequence int    `json:"nomisTypeSequence"`
	Label             string `json:"label"`
	MappingType       string `json:"mappingType"`
	WhenCreated       string `json:"whenCreated"`
}

func (h *testServer) mapping(path string) mappingBody {
	h.t.Helper()
	w := h.call(http.MethodGet, path, mapper, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body)
	var m mappingBody
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &m))
	return m
}

func TestMapping_isCreatedFoundAndDeleted(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, ofID+id, mapper, "").Code)
	w := h.call(http.MethodPost, "/mapping/non-associations", mapper, newMapping(id, 2))
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	facts := h.facts()
	require.Equal(t, http.StatusCreated, h.call(http.MethodPost, "/mapping/non-associations", mapper, newMapping(id, 2)).Code, "the same again")
	require.Equal(t, facts, h.facts())

	m := h.mapping(ofID + id)
	require.NotEmpty(t, m.WhenCreated)
	m.WhenCreated = ""
	require.Equal(t, mappingBody{
		NonAssociationID: id, FirstOffenderNo: "A0135GA", SecondOffenderNo: "A9109UD", NOMISTypeSequence: 2, MappingType: "NOMIS_CREATED",
	}, m, "what is derived is not taken from the body")
	require.Equal(t, h.mapping(ofID+id), h.mapping(bySequence("A0135GA", "A9109UD", 2)))
	require.Equal(t, h.mapping(ofID+id), h.mapping(bySequence("a9109ud", "A0135GA", 2)), "either order")

	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, ofID+id, mapper, "").Code)
	require.Equal(t, facts+1, h.facts())
	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, ofID+id, mapper, "").Code, "always")
	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, ofID+uuid.NewString(), mapper, "").Code)
	require.Equal(t, facts+1, h.facts())
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, ofID+id, mapper, "").Code)
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, bySequence("A0135GA", "A9109UD", 2), mapper, "").Code)

	require.Equal(t, http.StatusCreated, h.call(http.MethodPost, "/mapping/non-associations", mapper, newMapping(id, 3)).Code)
	var periods []struct {
		TypeSequence int
		Since, Until *string
	}
	require.NoError(t, json.Unmarshal(h.call(http.MethodGet, ofID+id+"/history", mapper, "").Body.Bytes(), &periods))
	require.Len(t, periods, 2)
	require.Equal(t, 2, periods[0].TypeSequence)
	require.NotNil(t, periods[0].Until)
	require.Nil(t, periods[1].Until)
	require.JSONEq(t, `[]`, h.call(http.MethodGet, ofID+uuid.NewString()+"/history", mapper, "").Body.String())
}

// The facts of the mapping edges: of source NOMIS, by the caller.
func TestMapping_isRecordedAsTheCallers(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	h.call(http.MethodPost, "/mapping/non-associations", mapper, newMapping(id, 2))
	h.call(http.MethodDelete, ofID+id, mapper, "")
	var history struct {
		Entries []struct{ Type, Actor, Source string }
	}
	require.NoError(t, json.Unmarshal(h.call(http.MethodGet, "/non-associations/"+id+"/history", reader, "").Body.Bytes(), &history))
	require.Len(t, history.Entries, 3)
	for i, want := range map[int]string{1: domain.TypeSequenceLearned, 2: domain.TypeSequenceReleased} {
		require.Equal(t, struct{ Type, Actor, Source string }{want, "NOMIS_MAPPER", "NOMIS"}, history.Entries[i])
	}
}

func TestMapping_aKeyThatIsTakenIsAConflictWithBoth(t *testing.T) {
	h := newTestServer(t)
	told := toldIn(t, h.sync(request(
		item("A0135GA", "2020-01-01T00:00:00", `"typeSequence":1,"expiryDate":"2020-02-01T00:00:00",`), item("A0135GA", "2021-01-01T00:00:00", ``),
	)))
	mapped, free := told.Results[0].NonAssociationID, told.Results[1].NonAssociationID
	facts := h.facts()
	for name, asked := range map[string]string{"another sequence": newMapping(mapped, 2), "another record": newMapping(free, 1)} {
		w := h.call(http.MethodPost, "/mapping/non-associations", mapper, asked)
		require.Equal(t, http.StatusConflict, w.Code, name)
		require.Equal(t, 1409, errorIn(t, w).code(), name)
		var body struct {
			MoreInfo struct{ Existing, Duplicate mappingBody }
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Equal(t, h.mapping(ofID+mapped), body.MoreInfo.Existing, name)
		require.Contains(t, asked, body.MoreInfo.Duplicate.NonAssociationID)
		require.Contains(t, asked, fmt.Sprintf(`"nomisTypeSequence":%d`, body.MoreInfo.Duplicate.NOMISTypeSequence))
	}
	require.Equal(t, facts, h.facts())
}

func TestMapping_isRefusedWhenItIsNotOfTheRecord(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	facts := h.facts()
	post := func(body string) int { return h.call(http.MethodPost, "/mapping/non-associations", mapper, body).Code }
	require.Equal(t, http.StatusNotFound, post(newMapping(uuid.NewString(), 2)))
	for name, body := range map[string]string{
		"another pair":     fmt.Sprintf(`{"nonAssociationId":%q,"firstOffenderNo":"A9109UD","secondOffenderNo":"B0135GA","nomisTypeSequence":2}`, id),
		"one prisoner":     fmt.Sprintf(`{"nonAssociationId":%q,"firstOffenderNo":"A9109UD","secondOffenderNo":"A9109UD","nomisTypeSequence":2}`, id),
		"no sequence":      fmt.Sprintf(`{"nonAssociationId":%q,"firstOffenderNo":"A9109UD","secondOffenderNo":"A0135GA"}`, id),
		"sequence 1000":    newMapping(id, 1000),
		"a number as id":   `{"nonAssociationId":7,"firstOffenderNo":"A9109UD","secondOffenderNo":"A0135GA","nomisTypeSequence":2}`,
		"nothing":          `{}`,
		"no JSON":          `{`,
		"sequence of text": fmt.Sprintf(`{"nonAssociationId":%q,"firstOffenderNo":"A9109UD","secondOffenderNo":"A0135GA","nomisTypeSequence":"2"}`, id),
	} {
		require.Equal(t, http.StatusBadRequest, post(body), name)
	}
	for _, path := range []string{
		ofID + "7", bySequence("A9109UD", "A9109UD", 1), bySequence("A9109U", "A0135GA", 1), bySequence("A9109UD", "7", 1),
		bySequence("A9109UD", "A0135GA", 0), bySequence("A9109UD", "A0135GA", 1000), bySequence("A9109UD", "A0135GA", "01"), bySequence("A9109UD", "A0135GA", "x"),
		"/mapping/non-associations/migration-id/x?page=-1", "/mapping/non-associations/migration-id/x?size=0", "/mapping/non-associations/migrated/latest?atLeast=x",
	} {
		require.Equal(t, http.StatusBadRequest, h.call(http.MethodGet, path, mapper, "").Code, path)
	}
	require.Equal(t, http.StatusBadRequest, h.call(http.MethodDelete, ofID+"7", mapper, "").Code)
	withoutWrite := "NOMIS_MAPPER:NOMIS_MAPPING_API__SYNCHRONISATION__RW:read"
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, "/mapping/non-associations", withoutWrite, newMapping(id, 2)).Code)
	require.Equal(t, http.StatusForbidden, h.call(http.MethodDelete, ofID+id, withoutWrite, "").Code)
	require.Equal(t, facts, h.facts())
}
