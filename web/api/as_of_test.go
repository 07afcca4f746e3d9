package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain/domaintest"
	"nonassociations/queries"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

const auditor = "AUDITOR:NON_ASSOCIATIONS_AUDIT"

// auditServer has the clock of the machine: that of the log, whose facts are known by it.
func auditServer(t *testing.T, change ...func(*api.Options)) *testServer {
	t.Helper()
	return newTestServer(t, append(change, func(o *api.Options) {
		o.Clock = func() time.Time { return time.Now().In(domaintest.London) }
	})...)
}

func (h *testServer) asOf(path string) shape.AsOf {
	h.t.Helper()
	w := h.call(http.MethodGet, path, auditor, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.Empty(h.t, w.Header().Get("ETag"), "it is of now")
	var body shape.AsOf
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &body))
	require.NotNil(h.t, body.NonAssociations)
	return body
}

func TestAsOf_showsAPrisonerAndAPair(t *testing.T) {
	h := auditServer(t)
	id := toldIn(t, h.sync(swap(`"expiryDate": "2021-07-05T10:35:17",`, ""))).Results[0].NonAssociationID
	last := h.call(http.MethodDelete, "/sync/"+id, syncer, "").Header().Get("X-Position")

	w := h.call(http.MethodGet, "/audit/prisoner/a9109ud?toldAt="+time.Now().In(domaintest.London).Format(time.DateOnly), auditor, "")
	require.Equal(t, last, w.Header().Get("X-Position"))
	of := h.asOf("/audit/prisoner/a0135ga?trueAt=2021-07-06")
	require.Equal(t, "A0135GA", string(*of.PrisonerNumber))
	require.Nil(t, of.Pair)
	require.Nil(t, of.Head)
	require.Nil(t, of.ToldAt)
	require.Equal(t, "2021-07-06T23:59:59.999999+01:00", of.TrueAt)
	require.Equal(t, last, itoa(int(of.Position)))
	one := of.NonAssociations[0]
	require.Equal(t, "OPEN", one.State)
	require.True(t, one.IsOpen)
	require.Equal(t, "NOMIS_SYNC", one.Deleted.By, "what NOMIS tells counts whenever it was told")
	require.Nil(t, one.Deleted.Reason)
	require.Nil(t, one.NOMIS)
	require.Equal(t, "NOMIS_SYNC", one.LastFact.Actor)
	require.EqualValues(t, "NOMIS", one.LastFact.Source)

	pair := h.asOf("/audit/pair/A9109UD/A0135GA?trueAt=2021-07-06")
	require.Equal(t, of.NonAssociations, pair.NonAssociations)
	require.Nil(t, pair.PrisonerNumber)
	require.EqualValues(t, "A0135GA", pair.Pair[0])
	other := h.asOf("/audit/pair/a0135ga/A9109UD?trueAt=2021-07-06")
	require.Equal(t, pair.Pair, other.Pair)
	require.Equal(t, pair.NonAssociations, other.NonAssociations, "in either order")

	require.Empty(t, h.asOf("/audit/prisoner/Z9999ZZ").NonAssociations)
	require.Empty(t, h.asOf("/audit/pair/Z9999ZZ/A9109UD").NonAssociations)
	require.Empty(t, h.asOf("/audit/prisoner/A9109UD?knownAt=2020-01-01").NonAssociations)
}

func TestAsOf_saysWhatNOMISHeld(t *testing.T) {
	h := auditServer(t)
	h.sync(record)
	today := time.Now().In(domaintest.London).Format(time.DateOnly)
	held := h.asOf("/audit/prisoner/A9109UD?toldAt=" + today).NonAssociations[0].NOMIS
	require.Equal(t, "2021-07-05", *held.Detail.EffectiveDate)
	require.Equal(t, "Do not location near", *held.Detail.Comment)
	require.EqualValues(t, "PER", *held.Detail.ReasonCodes["A0135GA"])
	require.NotNil(t, held.Since)
	require.Nil(t, held.Detail.TypeSequence)
	before := h.asOf("/audit/prisoner/A9109UD?toldAt=2020-01-01").NonAssociations[0].NOMIS
	require.Equal(t, &shape.HeldAsOf{}, before, "nothing, and no reason to leave the key out")
}

func TestAsOf_hasTheNewestHead(t *testing.T) {
	head := &shape.Head{Size: 7, Root: "AAAA"}
	h := auditServer(t, func(o *api.Options) {
		o.NewestHead = func(context.Context) (*shape.Head, error) { return head, nil }
	})
	require.Equal(t, head, h.asOf("/audit/prisoner/A9109UD").Head)
	h = auditServer(t, func(o *api.Options) {
		o.NewestHead = func(context.Context) (*shape.Head, error) { return nil, errors.New("away") }
	})
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/audit/prisoner/A9109UD", auditor, "").Code)
}

func TestAsOf_takesARemovedNumberAsItWasAsked(t *testing.T) {
	h := auditServer(t)
	h.sync(record)
	h.merge("A9109UD", "B1111BB")
	of := h.asOf("/audit/prisoner/A9109UD").NonAssociations
	require.Len(t, of, 1)
	require.Equal(t, []string{"A0135GA", "B1111BB"}, []string{string(of[0].MovedTo[0]), string(of[0].MovedTo[1])})
	require.Len(t, h.asOf("/audit/pair/A9109UD/A0135GA").NonAssociations, 1)
	require.Nil(t, h.asOf("/audit/prisoner/B1111BB").NonAssociations[0].MovedTo)
}

func TestAsOf_refusesByTheNameOfTheParameter(t *testing.T) {
	h := auditServer(t)
	tomorrow := time.Now().In(domaintest.London).AddDate(0, 0, 1).Format(time.DateOnly)
	const of = "/audit/prisoner/A9109UD?"
	for path, sources := range map[string][]string{
		"/audit/prisoner/A9109U":                                      {"prisonerNumber"},
		"/audit/prisoner/A9109UD%20":                                  {"prisonerNumber"},
		"/audit/pair/A9109UD/x":                                       {"otherPrisonerNumber"},
		"/audit/pair/x/A9109UD":                                       {"prisonerNumber"},
		"/audit/pair/x/y?trueAt=z":                                    {"trueAt", "prisonerNumber", "otherPrisonerNumber"},
		"/audit/pair/A9109UD/a9109ud":                                 {"otherPrisonerNumber"},
		of + "trueAt=":                                                {"trueAt"},
		of + "trueAt=yesterday":                                       {"trueAt"},
		of + "trueAt=2023-02-30":                                      {"trueAt"},
		of + "trueAt=2023-03-26T01:30":                                {"trueAt"},
		of + "knownAt=2023-03-26T01:30&toldAt=2023-03-26+01:30:00":    {"knownAt", "toldAt"},
		of + "knownAt=" + tomorrow:                                    {"knownAt"},
		of + "toldAt=" + tomorrow:                                     {"toldAt"},
		of + "toldAt=":                                                {"toldAt"},
		of + "knownAt=2023-01-01&knownAt=2023-01-01":                  {"knownAt"},
		of + "trueAt=2023-07-01T09:00:00+01:00":                       {"trueAt"}, // the plus sign is a blank
		of + "trueAt=%00":                                             {"trueAt"},
		of + "trueAt=%zz":                                             {"query"},
		of + "trueAt=2023-07-01T09:00:00.5&knownAt=1&toldAt=20230701": {"trueAt", "knownAt", "toldAt"},
	} {
		w := h.call(http.MethodGet, path, auditor, "")
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Equal(t, sources, errorIn(t, w).sources(), path)
	}
	require.Equal(t, 0, h.facts())
	for _, path := range []string{
		"?trueAt=2099-01-01", "?trueAt=2023-07-01T09:00:00%2B01:00", "?trueAt=2023-10-29T01:30", "?trueAt=2023-10-29+01:30:07", "?other=1",
		"?knownAt=" + time.Now().In(domaintest.London).Format(time.DateOnly),
	} {
		h.asOf("/audit/prisoner/A9109UD" + path)
	}
	require.Equal(t, "2023-10-29T01:30:00+01:00", h.asOf("/audit/prisoner/A9109UD?trueAt=2023-10-29T01:30").TrueAt, "the earlier one")
}

func TestAsOf_waitsForTheHead(t *testing.T) {
	h := auditServer(t)
	h.sync(record)
	h.reads.wait = queries.ErrBehind
	for _, path := range []string{"/audit/prisoner/A9109UD", "/audit/pair/A9109UD/A0135GA"} {
		w := h.call(http.MethodGet, path, auditor, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
	}
}
