package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/queries"
	"nonassociations/web/api"
)

func TestOne_isReadByWhicheverMayReadTheList(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	want := strings.Replace(`{"id":"ID","firstPrisonerNumber":"A9109UD","firstPrisonerRole":"VICTIM","firstPrisonerRoleDescription":"Victim",
		"secondPrisonerNumber":"A0135GA","secondPrisonerRole":"PERPETRATOR","secondPrisonerRoleDescription":"Perpetrator",
		"reason":"OTHER","reasonDescription":"Other","restrictionType":"WING","restrictionTypeDescription":"Cell, landing and wing",
		"comment":"Do not location near","whenCreated":"2021-07-05T10:35:17","whenUpdated":"2026-07-15T12:00:00","updatedBy":"NOMIS_SYNC",
		"isClosed":true,"closedBy":"NOMIS_SYNC","closedReason":null,"closedAt":"2021-07-05T10:35:17","isOpen":false}`, "ID", id, 1)
	for _, token := range []string{reader, syncer} {
		w := h.call(http.MethodGet, "/non-associations/"+strings.ToUpper(id), token, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, want, w.Body.String())
	}
}

func TestEntityTag_ofOneNamesItsLastFact(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	get := func(held string) (int, string) {
		w := h.call(http.MethodGet, "/non-associations/"+id, reader, "", "If-None-Match", held)
		return w.Code, w.Header().Get("ETag")
	}
	_, first := get("")
	require.Regexp(t, `^"[0-9a-f-]{36}\.[\w-]+"$`, first)
	status, again := get(first)
	require.Equal(t, http.StatusNotModified, status)
	require.Equal(t, first, again)

	h.sync(swap("Do not location near", "Changed"))
	status, second := get(first)
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, factOf(first), factOf(second))
	h.sync(strings.Replace(swap("Do not location near", "Changed"), `"typeCode"`, `"typeSequence":4,"typeCode"`, 1))
	_, third := get("")
	require.Equal(t, second, third, "a sequence that was learned shows nowhere")
}

func factOf(etag string) string {
	fact, _, _ := strings.Cut(strings.Trim(etag, `"`), ".")
	return fact
}

func TestDay_aloneClosesOne(t *testing.T) {
	now := noon
	h := newTestServer(t, func(o *api.Options) { o.Clock = func() time.Time { return now } })
	id := toldIn(t, h.sync(request(item("B1111BB", "2021-01-01T00:00:00", `"expiryDate":"2026-07-16T18:00:00",`)))).Results[0].NonAssociationID
	get := func() (string, string) {
		w := h.call(http.MethodGet, "/non-associations/"+id, reader, "")
		return w.Body.String(), w.Header().Get("ETag")
	}
	body, open := get()
	require.Contains(t, body, `"isOpen":true`)
	now = noon.Add(12 * time.Hour)
	body, closed := get()
	require.Contains(t, body, `"isClosed":true`)
	require.NotEqual(t, open, closed)
	require.Equal(t, factOf(open), factOf(closed), "nobody did anything")
}

func TestDeletedOne_isNotThere(t *testing.T) {
	h := newTestServer(t)
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, "/sync/"+id, syncer, "").Code)
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/non-associations/"+id, reader, "").Code)
	all := h.call(http.MethodGet, "/non-associations?includeClosed=true", reader, "")
	require.Contains(t, all.Body.String(), `"content":[]`)
	require.Empty(t, h.ofPrisoner("A9109UD", "?includeClosed=true").NonAssociations)
	for _, path := range []string{"/non-associations/between", "/non-associations/involving"} {
		require.Equal(t, "[]", h.call(http.MethodPost, path+"?includeClosed=true", reader, `["A9109UD","A0135GA"]`).Body.String())
	}
}

// behind are reads that show one only when they have been waited for.
type behind struct {
	*twin

	waited uint64
	err    error
}

func (b *behind) One(ctx context.Context, id uuid.UUID, _ uint64) (queries.Records, error) {
	if b.waited == 0 {
		return queries.Records{}, nil
	}
	return b.twin.One(ctx, id, 0)
}

func (b *behind) WaitFor(_ context.Context, position uint64) error {
	b.waited = position
	return b.err
}

func TestNotFound_isAnsweredOnlyAtTheHeadOfTheLog(t *testing.T) {
	var reads *behind
	h := newTestServer(t, func(o *api.Options) {
		reads = &behind{twin: o.Reads.(*twin)}
		o.Reads = reads
	})
	told := toldIn(t, h.sync(record))
	path := "/non-associations/" + told.Results[0].NonAssociationID
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, path, reader, "").Code)
	require.Equal(t, told.Position, reads.waited)

	reads.waited, reads.err = 0, queries.ErrBehind
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, path, reader, "").Code)
	reads.err = nil
	w := h.call(http.MethodGet, "/non-associations/"+anID, reader, "")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, 404, errorIn(t, w).code())
}

func TestLog_thatIsAwayDoesNotSayThatOneIsNotThere(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) {
		o.Head = func(context.Context) (uint64, error) { return 0, errors.New("10.0.0.1 is away") }
	})
	w := h.call(http.MethodGet, "/non-associations/"+anID, reader, "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "10.0.0.1")
	id := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, "/non-associations/"+id, reader, "").Code, "one that is there needs no log")
}

// staffReads are all reads of staff.
var staffReads = []struct{ method, path, body string }{
	{http.MethodGet, "/non-associations/" + anID, ""},
	{http.MethodGet, "/non-associations?page=0", ""},
	{http.MethodGet, "/prisoner/A9109UD/non-associations?x", ""},
	{http.MethodPost, "/non-associations/between?x", `["A9109UD","A0135GA"]`},
	{http.MethodPost, "/non-associations/involving?x", `["A9109UD"]`},
}

func TestRead_ofStaffWaitsStatesItsPositionAndIsNotSentTwice(t *testing.T) {
	h := newTestServer(t)
	position := h.sync(record).Header().Get("X-Position")
	for _, read := range staffReads[1:] {
		w := h.call(read.method, read.path+"&includeClosed=true&atLeast="+position, reader, read.body)
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", read.path, w.Body)
		require.Contains(t, w.Body.String(), "A0135GA")
		require.Equal(t, position, w.Header().Get("X-Position"))
		again := h.call(read.method, read.path+"&includeClosed=true", reader, read.body, "If-None-Match", w.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code, read.path)
		require.Zero(t, again.Body.Len())
		w = h.call(read.method, read.path+"&atLeast=9223372036854775807", reader, read.body)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, read.path)
		require.Equal(t, position, w.Header().Get("X-Position"))
		require.Equal(t, http.StatusBadRequest, h.call(read.method, read.path+"&atLeast=-1", reader, read.body).Code)
	}
}

func TestReads_ofStaffNeedAReadModel(t *testing.T) {
	for _, err := range []error{queries.ErrNotCaughtUp, errors.New("dial tcp 10.0.0.1:5432: connection refused")} {
		h := newTestServer(t)
		h.reads.err = err
		for _, read := range staffReads {
			w := h.call(read.method, read.path, reader, read.body)
			require.Equal(t, http.StatusServiceUnavailable, w.Code, read.path)
			require.NotContains(t, w.Body.String(), "10.0.0.1")
		}
	}
}
