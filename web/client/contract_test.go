package client_test

import (
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/client"
)

const (
	anID  = "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"
	aTag  = `"8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10.x"`
	token = "a.b.c"
)

// whole are values of everything that may be asked beside path and body.
var whole = []any{
	client.Read{AtLeast: 7, IfNoneMatch: aTag},
	client.Write{IdempotencyKey: "key", IfMatch: aTag, CorrelationID: anID},
	client.Correlation{CorrelationID: anID},
	client.PrisonerParams{
		Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, Include: client.OpenAndClosed, OtherPrisons: true,
		SortBy: "LAST_NAME", SortDirection: "DESC",
	},
	client.PageParams{Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, Page: 3, Size: 5, Sort: "whenCreated,DESC"},
	client.BetweenParams{Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, PrisonID: "MDI"},
	client.FeedParams{From: 7, Follow: true, LogID: anID},
	client.SubjectParams{
		Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, PrisonerNumber: "A1234BC", CaseReference: "X123456",
		FromDate: "2023-06-07", ToDate: "2023-06-08",
	},
	client.LegacyParams{Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, CurrentPrisonOnly: true, ExcludeInactive: true},
	client.PurgeParams{Reason: "some text"},
	client.DLQParams{MaxMessages: 20},
	client.MigratedParams{Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}, Page: 3, Size: 5},
	client.PageOnly{Page: 3, Size: 5},
	client.SynchroniseParams{DryRun: true},
	client.DifferenceParams{
		PageOnly: client.PageOnly{Page: 3, Size: 5}, State: "OPEN", Bucket: "differs", Problem: "REFUSED", Cause: "UNKNOWN", Pair: "A1234BC,B1234BC",
	},
	client.MigrationsParams{FromDateTime: "2021-07-05T10:35:17", ToDateTime: "2021-07-05T10:35:17"},
	client.FailuresParams{Cause: "NOT_FOUND", Page: 3, Size: 5},
	client.AsOfParams{TrueAt: "2023-07-01", KnownAt: "2023-07-01T09:00", ToldAt: "2023-07-01T08:00:00Z"},
	client.InvolvingParams{Read: client.Read{AtLeast: 7, IfNoneMatch: aTag}},
}

// sharing are operations that answer in several shapes, with a method for each
// in their order; every other operation has the method of its own name.
var sharing = map[string][]string{"nonAssociations": {"NonAssociations", "Record"}}

// others are operations without a method: pages are for browsers, the document needs one
// address only, and the files of the evidence are for the tools of transparency logs.
var others = map[string]bool{
	"swaggerUI": true, "apiDocs": true, "subjectTemplate": true, "evidenceCheckpoint": true, "evidenceProof": true,
	"evidenceTile": true, "evidenceTileInTwo": true, "evidenceTileInThree": true, "evidenceTileInFour": true,
}

// left are parameters that no method sends: after is in what Follow follows.
var left = map[string]bool{"after": true}

// TestOperation_hasAMethodThatAgrees calls every method against a server
// that holds the request to the document and answers with everything that the
// document knows, and then with as little: nothing of either may be lost.
func TestOperation_hasAMethodThatAgrees(t *testing.T) {
	d := readDocument(t)
	used := map[string]bool{}
	for _, o := range d.operations(t) {
		if others[o.id] {
			used[o.id] = true
			continue
		}
		methods, is := sharing[o.id]
		if !is {
			methods = []string{strings.ToUpper(o.id[:1]) + o.id[1:]}
		}
		for i, name := range methods {
			used[name] = true
			for _, full := range []bool{true, false} {
				o.call(t, name, sampler{d, full, i})
			}
		}
	}
	for id := range others {
		require.True(t, used[id], "%s is no operation of the document", id)
	}
	for method := range reflect.TypeFor[*client.Client]().Methods() {
		if method.Name != "Follow" && method.Name != "Every" {
			require.True(t, used[method.Name], "%s is no operation of the document", method.Name)
		}
	}
}

// call calls one method and compares what was sent and what came back.
func (o operation) call(t *testing.T, name string, s sampler) {
	t.Helper()
	method := reflect.ValueOf(&client.Client{}).MethodByName(name)
	require.True(t, method.IsValid(), "no method for the operation %s", o.id)
	status, answer := o.answer(s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.holds(t, r, s)
		w.Header().Set("ETag", aTag)
		w.Header().Set("X-Position", "9223372036854775807")
		w.Header().Set("X-Log-Id", anID)
		w.Header().Set("Link", `</non-associations?after=x>; rel="next"`)
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	c := client.New(client.Options{BaseURL: server.URL + "/", Token: client.StaticToken(token), HTTP: server.Client()})
	results := reflect.ValueOf(c).MethodByName(name).Call(o.arguments(t, method.Type(), s))
	require.Nil(t, results[1].Interface(), "%s: %v", name, results[1])

	got := results[0]
	require.Equal(t, status, int(got.FieldByName("Status").Int()))
	require.Equal(t, aTag, got.FieldByName("ETag").String())
	require.Equal(t, uint64(9223372036854775807), got.FieldByName("Position").Uint())
	require.Equal(t, anID, got.FieldByName("LogID").String())
	require.Equal(t, "/non-associations?after=x", got.FieldByName("Next").String())
	switch body := got.FieldByName("Body").Interface().(type) {
	case client.Empty:
		require.Empty(t, answer)
	case iter.Seq2[client.FeedLine, error]:
		for line, err := range body {
			require.NoError(t, err)
			require.JSONEq(t, string(answer), encode(t, line))
		}
	default:
		again := encode(t, body)
		require.JSONEq(t, string(answer), again, "%s keeps everything of %s", name, o.id)
	}
}

// arguments are the context, the parameters of the path, what may be asked, and
// the body, in this order.
func (o operation) arguments(t *testing.T, method reflect.Type, s sampler) []reflect.Value {
	t.Helper()
	arguments := []reflect.Value{reflect.ValueOf(t.Context())}
	last, inPath := method.NumIn()-1, o.inPath
	for i := 1; i <= last; i++ {
		kind := method.In(i)
		switch {
		case kind.Kind() == reflect.String:
			arguments, inPath = append(arguments, reflect.ValueOf(named(inPath[0])).Convert(kind)), inPath[1:]
		case kind.Kind() == reflect.Int:
			number, err := strconv.Atoi(named(inPath[0]))
			require.NoError(t, err)
			arguments, inPath = append(arguments, reflect.ValueOf(number)), inPath[1:]
		case i == last && o.body != "":
			body := reflect.New(kind)
			require.NoError(t, json.Unmarshal(o.d.sample(t, o.body, s), body.Interface()))
			arguments = append(arguments, body.Elem())
		default:
			arguments = append(arguments, askOf(t, kind))
		}
	}
	return arguments
}

func askOf(t *testing.T, kind reflect.Type) reflect.Value {
	t.Helper()
	for _, value := range whole {
		if reflect.TypeOf(value) == kind {
			return reflect.ValueOf(value)
		}
	}
	require.Failf(t, "no value to ask with", "%s", kind)
	return reflect.Value{}
}

// holds compares a request with the operation.
func (o operation) holds(t *testing.T, r *http.Request, s sampler) {
	t.Helper()
	require.Equal(t, o.method, strings.ToLower(r.Method))
	require.Equal(t, o.filled(), r.URL.EscapedPath())
	require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
	query := r.URL.Query()
	for _, p := range o.parameters {
		switch {
		case left[p.name]:
		case p.in == "query":
			require.Len(t, query[p.name], 1, "%s of %s", p.name, o.id)
			o.d.validText(t, p.schema, query.Get(p.name))
			query.Del(p.name)
		case p.in == "header":
			require.NotEmpty(t, r.Header.Get(p.name), "%s of %s", p.name, o.id)
			o.d.validText(t, p.schema, r.Header.Get(p.name))
			r.Header.Del(p.name)
		}
	}
	require.Empty(t, query, "%s sends what the document does not know", o.id)
	for _, name := range []string{"Idempotency-Key", "If-Match", "If-None-Match", "X-Correlation-Id"} {
		require.Empty(t, r.Header.Get(name), "%s sends what the document does not know", o.id)
	}
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	if o.body == "" {
		require.Empty(t, body)
		return
	}
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	o.d.valid(t, o.body, body)
	if s.full {
		require.JSONEq(t, string(o.d.sample(t, o.body, s)), string(body))
	}
}
