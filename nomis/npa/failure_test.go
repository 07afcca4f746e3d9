package npa_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
)

const secret = "the comment"

// spring is how the API refuses a field that its framework checks. It quotes the value.
const spring = "Validation failure: Validation failed for argument [3] in public void Resource.updateNonAssociation(...): " +
	"[Field error in object 'updateNonAssociationRequest' on field 'comment': rejected value [" + secret + " already exists]; " +
	"default message [Comment is too long (max allowed 240 characters)]]"

// kinds are all kinds of failure.
var kinds = []error{
	npa.ErrNotFound, npa.ErrPrisonerUnknown, npa.ErrAlreadyExists, npa.ErrRefused, npa.ErrMirrorsDisagree, npa.ErrDenied, npa.ErrUnavailable,
}

func requireKind(t *testing.T, want, err error) *npa.Failure {
	t.Helper()
	var found []error
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			found = append(found, kind)
		}
	}
	require.Equal(t, []error{want}, found, "%v", err)
	var f *npa.Failure
	require.ErrorAs(t, err, &f)
	require.NotContains(t, err.Error(), secret)
	require.NotContains(t, err.Error(), string(low))
	return f
}

func TestAnswer_ofAWriteIsClassified(t *testing.T) {
	const html = "<html>Not found</html>"
	for name, c := range map[string]struct {
		status int
		body   string
		kind   error
		field  string
	}{
		"unknown":             {400, refusal(400, "Bad request: Offender with nomsId=A0135GA not found"), npa.ErrPrisonerUnknown, ""},
		"other unknown":       {400, refusal(400, "Bad request: NS Offender with nomsId=A9109UD not found"), npa.ErrPrisonerUnknown, ""},
		"unknown of a put":    {404, refusal(404, "Not Found: NS Offender with nomsId=A9109UD not found"), npa.ErrPrisonerUnknown, ""},
		"open already":        {400, refusal(400, "Bad request: Non-association already exists for offender=A0135GA and nsOffender=A9109UD"), npa.ErrAlreadyExists, ""},
		"gone":                {404, refusal(404, "Not Found: Non-association not found where offender=A0135GA, nsOffender=A9109UD, typeSequence=1"), npa.ErrNotFound, ""},
		"detail gone":         {404, refusal(404, "Not Found: Non-association detail not found for offender=A0135GA, nsOffender=A9109UD, typeSequence=1"), npa.ErrNotFound, ""},
		"future":              {400, refusal(400, "Bad request: Effective date must not be in the future"), npa.ErrRefused, "effectiveDate"},
		"reason":              {400, refusal(400, "Bad request: Reason with code=XXX does not exist"), npa.ErrRefused, "reasonCodes"},
		"other reason":        {400, refusal(400, "Bad request: Reciprocal reason with code=XXX does not exist"), npa.ErrRefused, "reasonCodes"},
		"type":                {400, refusal(400, "Bad request: Type with code=XXX does not exist"), npa.ErrRefused, "typeCode"},
		"comment":             {400, refusal(400, spring), npa.ErrRefused, "comment"},
		"authorised":          {400, refusal(400, "Validation failure: on field 'authorisedBy': rejected value ["+secret+"]"), npa.ErrRefused, "authorisedBy"},
		"expiry":              {400, refusal(400, "Bad request: Expiry date must not be before"), npa.ErrRefused, "expiryDate"},
		"jackson":             {400, refusal(400, "Bad request: value failed for JSON property type due to missing value"), npa.ErrRefused, "typeCode"},
		"no field":            {400, refusal(400, "Bad request: Offender and NS Offender cannot be the same"), npa.ErrRefused, ""},
		"opposite":            {400, refusal(400, "Bad request: Opposite non-association not found where offender=A9109UD, nsOffender=A0135GA, typeSequence=1"), npa.ErrRefused, ""},
		"sequence mismatch":   {500, refusal(500, "Unexpected error: Non-association type sequence mismatch for offender=A0135GA and nsOffender=A9109UD, next values are 2 and 3"), npa.ErrMirrorsDisagree, ""},
		"differing number":    {500, refusal(500, "Unexpected error: differing number of details records"), npa.ErrMirrorsDisagree, ""},
		"denied":              {401, "", npa.ErrDenied, ""},
		"forbidden":           {403, `{"status":403}`, npa.ErrDenied, ""},
		"locked":              {423, refusal(423, "Resource locked"), npa.ErrUnavailable, ""},
		"dependency":          {424, refusal(424, "x"), npa.ErrUnavailable, ""},
		"too many":            {429, "", npa.ErrUnavailable, ""},
		"fault":               {500, refusal(500, "Unexpected error: List is empty."), npa.ErrUnavailable, ""},
		"gateway":             {502, html, npa.ErrUnavailable, ""},
		"away":                {503, html, npa.ErrUnavailable, ""},
		"slow":                {504, "", npa.ErrUnavailable, ""},
		"html 404":            {404, html, npa.ErrUnavailable, ""},
		"html 400":            {400, html, npa.ErrUnavailable, ""},
		"html 500":            {500, "sequence mismatch", npa.ErrUnavailable, ""},
		"spring's 404":        {404, `{"timestamp":"x","status":404,"error":"Not Found","path":"Non-association not found"}`, npa.ErrUnavailable, ""},
		"another 404":         {404, refusal(404, "No resource found failure: No static resource x"), npa.ErrUnavailable, ""},
		"another's status":    {404, refusal(400, "Not Found: Non-association not found"), npa.ErrUnavailable, ""},
		"no object":           {404, `"Non-association not found"`, npa.ErrUnavailable, ""},
		"another type":        {404, `{"status":404,"userMessage":["Non-association not found"]}`, npa.ErrUnavailable, ""},
		"another letter case": {404, `{"Status":404,"UserMessage":"Non-association not found"}`, npa.ErrUnavailable, ""},
		"given twice":         {404, `{"status":404,"status":404,"userMessage":"Non-association not found"}`, npa.ErrUnavailable, ""},
		"two texts":           {404, refusal(404, "Non-association not found") + "{}", npa.ErrUnavailable, ""},
		"far too long":        {404, `{"status":404,"userMessage":"Non-association not found"` + strings.Repeat(" ", 4<<20) + "}", npa.ErrUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client, s := newClient(t)
			s.says(c.status, c.body)
			_, created := client.Create(t.Context(), thePair(t), domain.Detail{})
			for _, err := range []error{created, client.Update(t.Context(), thePair(t), 1, domain.Detail{}), client.Delete(t.Context(), thePair(t), 1)} {
				f := requireKind(t, c.kind, err)
				require.Equal(t, c.status, f.Status)
				require.Equal(t, c.field, f.Field)
				require.Equal(t, name == "future", f.IsNotYet())
			}
			require.Len(t, s.asked(), 3, "nothing is sent again")
		})
	}
}

// A value that NOMIS quotes says nothing about the failure, whatever it is.
func TestAnswer_isNotClassifiedByWhatItQuotes(t *testing.T) {
	client, s := newClient(t)
	for _, quoted := range []string{"Offender with nomsId", "already exists", "effective date in the future", "sequence mismatch"} {
		s.says(400, refusal(400, "Validation failure: on field 'authorisedBy': rejected value ["+quoted+"]"))
		f := requireKind(t, npa.ErrRefused, client.Update(t.Context(), thePair(t), 1, domain.Detail{}))
		require.Equal(t, "authorisedBy", f.Field)
		require.False(t, f.IsNotYet())
	}
}

func TestWords_areKeptApartFromTheText(t *testing.T) {
	client, s := newClient(t)
	s.says(400, refusal(400, spring))
	err := client.Update(t.Context(), thePair(t), 1, domain.Detail{})
	require.Equal(t, spring, npa.Words(err))
	require.NotContains(t, err.Error(), secret)

	s.says(500, `{"status":500,"userMessage":"a\u0000`+strings.Repeat("é", 1000)+`"}`)
	err = client.Update(t.Context(), thePair(t), 1, domain.Detail{})
	require.Equal(t, "a"+strings.Repeat("é", 499), npa.Words(err), "without NUL, and cut at a whole character")
	require.Empty(t, npa.Words(errors.New("another")))
}

func TestWhy_saysInASentenceWhyNOMISCouldNotBeAsked(t *testing.T) {
	client, s := newClient(t)
	for _, c := range []struct {
		status int
		body   string
		why    string
	}{
		{http.StatusOK, `[{"offenderNo":"` + secret + `"}]`, npa.WhyUnreadable},
		{http.StatusOK, `<html>`, npa.WhyUnreadable},
		{http.StatusOK, strings.Repeat(" ", 4<<20) + " []", npa.WhyUnreadable},
		{http.StatusNotFound, `<html>`, npa.WhyAway},
		{http.StatusLocked, refusal(http.StatusLocked, secret), npa.WhyAway},
		{http.StatusForbidden, "", npa.WhyDenied},
		{http.StatusBadRequest, refusal(http.StatusBadRequest, secret), ""},
	} {
		s.says(c.status, c.body)
		_, err := client.Rows(t.Context(), thePair(t))
		require.Error(t, err)
		require.Equal(t, c.why, npa.Why(err), "%d", c.status)
	}
	require.Empty(t, npa.Why(errors.New("another")))
	require.Empty(t, npa.Why(nil))
}

func TestConnection_thatBreaksIsUnavailable(t *testing.T) {
	client, s := newClient(t)
	cut := func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			connection.Close()
		}
	}
	half := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		cut(w, r)
	}
	for _, breaks := range []http.HandlerFunc{cut, half} {
		s.answer(breaks)
		f := requireKind(t, npa.ErrUnavailable, client.Update(t.Context(), thePair(t), 1, domain.Detail{}))
		require.Zero(t, f.Status)
		require.Len(t, s.asked(), 1, "a write is sent once")
	}
}

func TestRedirect_isNotFollowed(t *testing.T) {
	var visited atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited.Store(true) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		client, s := newClient(t)
		s.answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		_, err := client.Rows(t.Context(), thePair(t))
		requireKind(t, npa.ErrUnavailable, err)
	}
	require.False(t, visited.Load())
}

func TestCall_withAWrongAddressIsUnavailable(t *testing.T) {
	for _, address := range []string{"", "::", "http://127.0.0.1:1", "ftp://x"} {
		api := npa.New(npa.Options{URL: address})
		requireKind(t, npa.ErrUnavailable, api.For(npa.Probe).Ping(t.Context()))
	}
}

func TestCall_thatItsCallerGivesUpHasTheErrorOfTheContext(t *testing.T) {
	client, s := newClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	released := make(chan struct{})
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-released
	})
	err := client.Ping(ctx)
	close(released)
	requireKind(t, npa.ErrUnavailable, err)
	require.ErrorIs(t, err, context.Canceled)
}
