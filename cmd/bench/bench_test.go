package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWire_readsWhatAServerOfGoWrites(t *testing.T) {
	large := strings.Repeat("x", 100_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil || r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Position", "18446744073709551615")
		switch body.String() {
		case `{"n":"A1234BC"}`:
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte("short"))
		case `{"n":"A9999ZZ"}`:
			_, _ = w.Write([]byte(large)) // longer than the server's buffer: chunks
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	wire, err := dial(t.Context(), server.Listener.Addr().String())
	require.NoError(t, err)
	defer wire.close()
	r := newRequest(http.MethodPost, "/sync", "secret", []byte(`{"n":"`+placeholder+`"}`))
	for _, step := range []struct {
		number string
		status int
	}{{"A1234BC", 201}, {"A9999ZZ", 200}, {"B0000BB", 503}, {"A1234BC", 201}} {
		r.fill(0, step.number)
		got, err := wire.do(r.bytes)
		require.NoError(t, err)
		require.Equal(t, httpResponse{status: step.status, position: 18446744073709551615}, got)
	}
}

func TestWire_refusesWhatIsNotHTTP(t *testing.T) {
	for _, text := range []string{"", "hello\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"} {
		_, err := (&httpConn{in: bufferOf(text)}).read()
		require.Error(t, err, text)
	}
}

func TestClonedRequest_isFilledOnItsOwn(t *testing.T) {
	template := newRequest(http.MethodPost, "/migrate", "", []byte(placeholder+" "+placeholder))
	clone := template.clone()
	clone.fill(0, "A1111AA")
	clone.fill(1, "B2222BB")
	require.Contains(t, string(clone.bytes), "A1111AA B2222BB")
	require.Contains(t, string(template.bytes), placeholder+" "+placeholder)
	require.Contains(t, string(template.bytes), "Content-Length: 15\r\n")
}

func TestTogether_countsWhatAllDid(t *testing.T) {
	s := &harness{}
	ended := 0
	turns := func(context.Context) (func() (int, error), func(), error) {
		return func() (int, error) { return 3, nil }, func() { ended++ }, nil
	}
	got, err := s.runWorkers(t.Context(), 4, time.Millisecond, turns)
	require.NoError(t, err)
	require.Positive(t, got.count)
	require.Zero(t, got.count%3)
	require.Equal(t, 4, ended)
	require.InDelta(t, float64(got.count), got.rate()*got.seconds, 1e-3)
}

func TestTogether_endsWithTheFirstFault(t *testing.T) {
	fault := errors.New("broken")
	first := true
	_, err := (&harness{}).runWorkers(t.Context(), 8, time.Hour, func(context.Context) (func() (int, error), func(), error) {
		broken := first
		first = false
		return func() (int, error) {
			if broken {
				return 0, fault
			}
			return 1, nil
		}, func() {}, nil
	})
	require.ErrorIs(t, err, fault)
}

func TestRatio_isThatOfNeighbouringRounds(t *testing.T) {
	at := func(n int) measurement { return measurement{count: n, seconds: 1} }
	d := comparison{measured: []measurement{at(50), at(10), at(30)}, baseline: []measurement{at(100), at(20), at(30)}}
	measured, baseline, ratio := d.rates()
	require.InDelta(t, 30, measured, 0)
	require.InDelta(t, 30, baseline, 0)
	require.InDelta(t, 0.5, ratio, 0)
}

func TestQuantiles(t *testing.T) {
	require.Zero(t, quantile(nil, 0.5))
	values := make([]float64, 100)
	for i := range values {
		values[99-i] = float64(i + 1)
	}
	require.InDelta(t, 50.5, median(values), 0)
	require.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	require.Zero(t, median(nil))
	require.InDelta(t, 100, quantile(values, 0.99), 0)
	require.InDelta(t, 100, quantile(values, 1), 0)
}

func TestTable_reportsWhatWasMet(t *testing.T) {
	var out bytes.Buffer
	table{header: []string{"on a machine"}, rows: []row{
		{name: "one", what: "one", measured: rate(1234567.4), ratio: 0.7, goal: atLeast(0.7, 0.6), note: "a remark"},
		{name: "two", what: "two", ratio: 3.2, goal: atMost(3.2, 3)},
		{name: "three", what: "three", ratio: 1},
	}}.print(&out)
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, `^\| one .*1,234,567/s .* 0\.70 +\| ≥ 0\.60 +\| met +\|$`, line(lines, "| one"))
	require.Regexp(t, `3\.20 +\| ≤ 3\.00 +\| missed`, line(lines, "| two"))
	require.NotRegexp(t, "met|missed", line(lines, "| three"))
	require.Contains(t, out.String(), "note: a remark")
}

func TestTable_hasLinesForBenchstat(t *testing.T) {
	d := comparison{measured: []measurement{{count: 100, seconds: 2}, {count: 50, seconds: 2}}, baseline: []measurement{{count: 400, seconds: 2}}}
	var out bytes.Buffer
	table{rows: []row{
		{name: "sync", results: d.results()},
		{name: "visible", results: latencies([]float64{0.001, 0.002, 0.003}, []float64{0.001})},
	}}.printBenchmarks(&out)
	require.Equal(t, `BenchmarkSync/service 100 20000000 ns/op
BenchmarkSync/service 50 40000000 ns/op
BenchmarkSync/baseline 400 5000000 ns/op
BenchmarkVisible/service 3 2000000 ns/op 3000000 p99-ns/op
BenchmarkVisible/baseline 1 1000000 ns/op 1000000 p99-ns/op
`, out.String())
}

func TestRows_thatCannotBeMeasuredAreRefused(t *testing.T) {
	good := runCmd{Rounds: 5, Round: time.Second, Connections: 64, Bulk: 50, Migrators: 8, Looks: 100, Pairs: 100, Facts: []int{10}}
	all := good
	require.NoError(t, all.setDefaults())
	require.Equal(t, names(), all.Rows)
	foreign := good
	foreign.Eventstore = "esdb://somewhere"
	require.NoError(t, foreign.setDefaults())
	require.Equal(t, []string{"esdb"}, foreign.Rows)
	for name, spoil := range map[string]func(*runCmd){
		"no row":        func(c *runCmd) { c.Rows = []string{"nothing"} },
		"esdb://":       func(c *runCmd) { c.Eventstore = "postgres://x" },
		"positive":      func(c *runCmd) { c.Connections = 0 },
		"at most 1000":  func(c *runCmd) { c.Bulk = 5000 },
		"--facts":       func(c *runCmd) { c.Facts = []int{1, 10} },
		"at least --ro": func(c *runCmd) { c.Looks = 1 },
	} {
		bad := good
		spoil(&bad)
		require.ErrorContains(t, bad.setDefaults(), name)
	}
}

func bufferOf(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }

func line(lines []string, first string) string {
	for _, text := range lines {
		if strings.HasPrefix(text, first) {
			return text
		}
	}
	return ""
}
