package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/api"
)

const deleter = "STAFF:DELETE_NON_ASSOCIATIONS,WRITE_NON_ASSOCIATIONS:write"

type deliveryBody struct {
	State             string  `json:"state"`
	Since             *string `json:"since"`
	Until             *string `json:"until"`
	TypeSequence      *int    `json:"typeSequence"`
	DeliveredAt       *string `json:"deliveredAt"`
	DeliveredRevision *uint64 `json:"deliveredRevision"`
	Shortened         bool    `json:"shortened"`
	AlsoOpenInNOMIS   []int   `json:"alsoOpenInNOMIS"`
	Problem           *struct{ Problem, Why, Since string }
}

func (h *testServer) delivery(id string) deliveryBody {
	h.t.Helper()
	w := h.call(http.MethodGet, "/non-associations/"+id+"/delivery", reader, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body)
	var d deliveryBody
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &d))
	require.NotNil(h.t, d.AlsoOpenInNOMIS, "a list, though empty")
	return d
}

// planted are findings of every record, or an error.
type planted struct {
	nomis.Findings

	err error
}

func (p *planted) OfRecord(context.Context, domain.Pair, uuid.UUID, int) (nomis.Findings, error) {
	return p.Findings, p.err
}

func TestDelivery_saysWhereARecordStandsWithNOMIS(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(sequenced("A0135GA", 4))).Results[0].NonAssociationID
	d := h.delivery(id)
	require.Equal(t, "IN_STEP", d.State)
	require.Nil(t, d.Since)
	require.Equal(t, 4, *d.TypeSequence)
	require.NotNil(t, d.DeliveredAt)
	require.Zero(t, *d.DeliveredRevision)
	require.Nil(t, d.Problem)

	require.Equal(t, http.StatusOK, h.call(http.MethodPatch, "/non-associations/"+id, deleter, `{"comment":"Keep apart"}`).Code)
	d = h.delivery(id)
	require.Equal(t, "PENDING", d.State)
	require.NotNil(t, d.Since)
	require.Nil(t, d.Until)

	require.Equal(t, http.StatusNoContent, h.call(http.MethodPost, "/non-associations/"+id+"/delete", deleter, deletion).Code)
	require.Equal(t, "PENDING", h.delivery(id).State, "NOMIS has it still")
	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, ofID+id, mapper, "").Code)
	d = h.delivery(id)
	require.Equal(t, deliveryBody{State: "NOT_IN_NOMIS", AlsoOpenInNOMIS: []int{}}, d)
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/non-associations/"+uuid.NewString()+"/delivery", reader, "").Code)
	require.Equal(t, http.StatusBadRequest, h.call(http.MethodGet, "/non-associations/A9109UD/delivery", reader, "").Code)
}

func TestDelivery_ofARecordToComeIsHeldUntilItsDay(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(request(item("A0135GA", "2026-07-16T00:00:00", "")))).Results[0].NonAssociationID
	require.Equal(t, "IN_STEP", h.delivery(id).State)
	require.Equal(t, http.StatusOK, h.call(http.MethodPatch, "/non-associations/"+id, deleter, `{"comment":"Keep apart"}`).Code)
	d := h.delivery(id)
	require.Equal(t, "HELD", d.State)
	require.Equal(t, "2026-07-16", *d.Until)
	require.NotNil(t, d.Since)
}

func TestDelivery_hasTheProblemThatIsOpen(t *testing.T) {
	found := &planted{}
	h := newTestServer(t, func(o *api.Options) { o.Problems = found })
	id := toldIn(t, h.sync(sequenced("A0135GA", 4))).Results[0].NonAssociationID
	require.Equal(t, "IN_STEP", h.delivery(id).State)
	found.Problem = &nomis.FoundProblem{Problem: "ONLY_HERE", Why: "NOMIS has no detail 4.", Since: noon.Add(-time.Hour)}
	found.AlsoOpen = []int{7}
	d := h.delivery(id)
	require.Equal(t, "PENDING", d.State, "what is known of NOMIS may be wrong")
	require.Equal(t, "ONLY_HERE", d.Problem.Problem)
	require.Equal(t, d.Problem.Since, *d.Since)
	require.Equal(t, []int{7}, d.AlsoOpenInNOMIS)

	require.Equal(t, http.StatusOK, h.call(http.MethodPatch, "/non-associations/"+id, deleter, `{"comment":"Keep apart"}`).Code)
	require.NotEqual(t, d.Problem.Since, *h.delivery(id).Since, "the log says since when")
	found.Findings = nomis.Findings{Held: true}
	d = h.delivery(id)
	require.Equal(t, "HELD", d.State)
	require.Nil(t, d.Until)
	found.err = errors.New("the table is away")
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/non-associations/"+id+"/delivery", reader, "").Code)
}
