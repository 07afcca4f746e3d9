package api_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

func TestReference_isANumberOrAUUID(t *testing.T) {
	for reference, want := range map[string]struct{ status, code int }{
		"A9109UD":                                {200, 0},
		"a9109ud":                                {200, 0},
		"%419109UD":                              {200, 0},
		anID:                                     {404, 404},
		"A9109U":                                 {400, 102},
		"A9109UDX":                               {400, 102},
		"A9109UD%20":                             {400, 102},
		"A9109UD%00":                             {400, 102},
		"A9109UD%2Fx":                            {400, 102},
		"..%2Fhealth":                            {400, 102},
		"'%20OR%201=1--":                         {400, 102},
		"%EF%BC%A19109UD":                        {400, 102},
		"{" + anID + "}":                         {400, 102},
		"urn:uuid:" + anID:                       {400, 102},
		"9223372036854775807":                    {400, 102},
		"A9109UD?atLeast=0":                      {200, 0},
		"A9109UD?other=1&x":                      {200, 0},
		"A9109UD?atLeast=":                       {400, 102},
		"A9109UD?atLeast=x":                      {400, 102},
		"A9109UD?atLeast=-1":                     {400, 102},
		"A9109UD?atLeast=%2B1":                   {400, 102},
		"A9109UD?atLeast=1.0":                    {400, 102},
		"A9109UD?atLeast=9223372036854775808":    {400, 102},
		"A9109UD?atLeast=0&atLeast=0":            {400, 102},
		"A9109UD?atLeast=%zz":                    {400, 102},
		"A9109UD?x=1;atLeast=99":                 {400, 102},
		"A9109UD?atLeast=9223372036854775807":    {503, 0},
		anID + "?atLeast=9223372036854775807":    {503, 0},
		"B1111BB?atLeast=0000000000000000000000": {200, 0},
	} {
		h := newTestServer(t)
		h.sync(record)
		w := h.call(http.MethodGet, "/non-associations/"+reference, reader, "")
		require.Equal(t, want.status, w.Code, "%s: %s", reference, w.Body)
		require.Equal(t, strconv.FormatUint(h.reads.Position(), 10), w.Header().Get("X-Position"), "on every answer")
		if want.status != http.StatusOK {
			require.Equal(t, want.code, errorIn(t, w).code(), reference)
		}
	}
}

func TestPosition_ofAWriteCanBeReadBehind(t *testing.T) {
	h := newTestServer(t)
	position := h.sync(record).Header().Get("X-Position")
	w := h.call(http.MethodGet, "/non-associations/A0135GA?atLeast="+position, reader, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, mirror, w.Body.String())
}

func TestList_thatIsHeldAlreadyIsNotSentAgain(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	get := func(held string) (int, string, int) {
		w := h.call(http.MethodGet, "/non-associations/A9109UD", reader, "", "If-None-Match", held)
		return w.Code, w.Header().Get("ETag"), w.Body.Len()
	}
	status, etag, size := get("")
	require.Equal(t, http.StatusOK, status)
	require.NotZero(t, size)
	for _, held := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		status, again, size := get(held)
		require.Equal(t, http.StatusNotModified, status, held)
		require.Equal(t, etag, again)
		require.Zero(t, size)
	}
	status, _, _ = get(`"x"`)
	require.Equal(t, http.StatusOK, status)
	h.sync(swap("Do not location near", "Changed"))
	status, changed, _ := get(etag)
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, etag, changed)
}

func TestReadModel_thatCannotAnswerIsNeverAnEmptyList(t *testing.T) {
	for name, plant := range map[string]func(*twin){
		"not caught up":  func(r *twin) { r.err = queries.ErrNotCaughtUp },
		"Postgres away":  func(r *twin) { r.err = errors.New("dial tcp 10.0.0.1:5432: connection refused") },
		"behind":         func(r *twin) { r.wait = queries.ErrBehind },
		"too many wait":  func(r *twin) { r.wait = queries.ErrTooManyWaiters },
		"caller is gone": func(r *twin) { r.wait = context.Canceled },
	} {
		h := newTestServer(t)
		plant(h.reads)
		w := h.call(http.MethodGet, "/non-associations/A9109UD?atLeast=1", reader, "")
		if h.reads.wait == nil {
			w = h.call(http.MethodGet, "/non-associations/A9109UD", reader, "")
		}
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		require.NotContains(t, w.Body.String(), "10.0.0.1")
		require.Contains(t, w.Body.String(), "safe")
	}
}

// slowReads answer only when the time of the request is over.
type slowReads struct{ *twin }

func (slowReads) List(ctx context.Context, _ domain.PrisonerNumber, _ uint64) (queries.List, error) {
	<-ctx.Done()
	return queries.List{}, ctx.Err()
}

func TestRequest_hasItsTime(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) {
		o.Timeout = 1
		o.Reads = slowReads{o.Reads.(*twin)}
	})
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/non-associations/A9109UD", reader, "").Code)
}
