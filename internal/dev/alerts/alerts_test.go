package alerts_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/alerts"
)

func TestMetrics_ofARuleAreFound(t *testing.T) {
	for expr, names := range map[string][]string{
		`absent(a_total{b="c d", e=~"f|g"})`:                                    {"a_total"},
		"time() - max by (namespace, consumer) (one{x='y'}) > 30\nor\nmin(two)": {"one", "two"},
		`rate(a[5m]) / on(x) group_left(y) b offset 1h30m unless bool_metric`:   {"a", "b", "bool_metric"},
		`job:errors:rate5m > 1e3 and ON (a) b`:                                  {"job:errors:rate5m", "b"},
		`sum without (pod) (a) >= bool 2 or vector(1)`:                          {"a"},
		`{__name__="hidden"} > 1`:                                               nil,
	} {
		require.ElementsMatch(t, names, alerts.Rule{Expr: expr}.Metrics(), expr)
	}
}

func TestFolder_withoutARuleIsNoFolderOfRules(t *testing.T) {
	dir := t.TempDir()
	_, err := alerts.Load(dir)
	require.ErrorContains(t, err, "has no rule")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "one.yaml"), []byte("groups: ["), 0o600))
	_, err = alerts.Load(dir)
	require.Error(t, err)
}

func TestPromtool_thatIsMissingIsNoSuccess(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, alerts.Promtool(t.Context(), "--version"), "promtool is missing")
}

func TestScrape_isReadWholeOrNotAtAll(t *testing.T) {
	text, status := "", http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	get := func() (alerts.Scrape, error) {
		return alerts.Get(t.Context(), server.Client(), server.Listener.Addr().String())
	}
	text = "# HELP a b\n# TYPE a gauge\na{b=\"c d\"} 1.5e+09\nplain 2\n"
	scrape, err := get()
	require.NoError(t, err)
	require.Equal(t, map[string]float64{`a{b="c d"}`: 1.5e9, "plain": 2}, scrape.Values)
	require.True(t, scrape.Has("a"))
	require.True(t, scrape.Has("plain"))
	require.False(t, scrape.Has("pla"))
	for _, text = range []string{"a one\n", "alone\n"} {
		_, err = get()
		require.Error(t, err, text)
	}
	text, status = "a 1\n", http.StatusServiceUnavailable
	_, err = get()
	require.Error(t, err)
}

// A made-up rule fires on what was scraped, and on nothing else.
func TestScrape_isGivenToPromtool(t *testing.T) {
	dir := t.TempDir()
	rule := alerts.Rule{
		Name: "Old", File: filepath.Join(dir, "rules.yaml"), Labels: map[string]string{"severity": "low"},
		Annotations: map[string]string{"summary": "Old: \"very\"."},
	}
	require.NoError(t, os.WriteFile(rule.File, []byte(`groups: [{name: a, rules: [{alert: Old, labels: {severity: low},
		annotations: {summary: "Old: \"very\"."},
		expr: 'absent(b_timestamp_seconds{consumer="readModel"}) or time() - max by (consumer) (b_timestamp_seconds) > 60'}]}]`), 0o600))
	now := time.Now()
	at := func(after, beat time.Duration) alerts.Scrape {
		return alerts.Scrape{At: now.Add(after), Values: map[string]float64{
			`b_timestamp_seconds{consumer="readModel"}`: float64(now.Add(beat).UnixNano()) / 1e9,
		}}
	}
	ticking := alerts.Phase{First: at(0, -time.Second), Second: at(time.Second, 0)}
	still := alerts.Phase{First: at(0, -time.Second), Second: at(time.Second, -time.Second)}
	judge := func(fires bool, phases ...alerts.Phase) error {
		file := filepath.Join(dir, "test.yaml")
		require.NoError(t, os.WriteFile(file, []byte(alerts.UnitTest(rule, fires, phases...)), 0o600))
		return alerts.Promtool(t.Context(), "test", "rules", file)
	}
	for fires, last := range map[bool][]alerts.Phase{false: {ticking}, true: {still, {}}} {
		for _, phase := range last {
			require.NoError(t, judge(fires, ticking, phase))
			require.Error(t, judge(!fires, ticking, phase))
		}
	}
}
