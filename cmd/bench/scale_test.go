package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of docs/scale.md anew")

const (
	scalePage = "../../docs/scale.md"
	scaleRuns = "../../" + keptRuns
)

// national is the estate of the defaults.
func national(t *testing.T) estateSize {
	t.Helper()
	var c scaleCmd
	parser, err := kong.New(&c)
	require.NoError(t, err)
	_, err = parser.Parse(nil)
	require.NoError(t, err)
	return c.estateSize
}

// TestScalePage_hasTheTablesThatTheModelPrints: with -update it gets them.
func TestScalePage_hasTheTablesThatTheModelPrints(t *testing.T) {
	kept, err := readRuns(nil, scaleRuns)
	require.NoError(t, err)
	c, err := costsOf(together(kept))
	require.NoError(t, err)
	text, err := os.ReadFile(scalePage)
	require.NoError(t, err)
	page := string(text)
	marked := regexp.MustCompile(`(?s)<!-- bench scale: ([a-z]+) -->.*?` + endOfTable + "\n")
	printed := map[string]string{}
	for _, table := range scaleTables(kept, c, national(t)) {
		var out bytes.Buffer
		table.print(&out)
		printed[table.name] = out.String()
	}
	if *update {
		page = marked.ReplaceAllStringFunc(page, func(found string) string { return printed[marked.FindStringSubmatch(found)[1]] })
		require.NoError(t, os.WriteFile(scalePage, []byte(page), 0o644))
	}
	found := marked.FindAllStringSubmatch(page, -1)
	require.Len(t, found, len(printed), "each table is there once")
	for _, one := range found {
		require.Equal(t, printed[one[1]], one[0], "`go test ./cmd/bench -run TestScalePage -update` writes the tables anew")
	}
}

// roundCosts are costs that can be reckoned with by hand.
func roundCosts() costs {
	return costs{
		writes: 100, reads: 1000, published: 50, writeCPU: 0.001, readCPU: 0.0001, replay: 0.001,
		logBytes: 1000, readModelBytes: 2000, nomisBytes: 500, migration: 3, reconciliation: 2,
	}
}

func TestScale_multipliesMeasuredCosts(t *testing.T) {
	e := estateSize{
		Pairs: 1000, FactsAPair: 2, WritesADay: 864, NewPairs: 0.5, ReadsADay: 8640, PagesADay: 10,
		Peak: 10, Years: 1, Night: 1, Disk: 1, NomisRate: 10,
	}
	c := roundCosts()
	require.InDelta(t, 2000+864*365, e.facts(), 1e-6)
	require.InDelta(t, 1000+432*365, e.pairs(), 1e-6)
	at := map[string]float64{}
	for _, n := range needs(c, e) {
		at[n.name] = n.reached()
	}
	require.InDelta(t, 1000, at["writes of one log in Postgres"], 1e-6, "0.1 a second of 100")
	require.InDelta(t, 500, at["publisher, one for all pairs"], 1e-6)
	require.InDelta(t, 1000, at["reads of one process and its Postgres"], 1e-6, "1 a second of 1000")
	require.InDelta(t, 3600/(0.001*e.facts()), at["rebuild in a night"], 1e-6)
	require.InDelta(t, 48*3600*10/3000, at["migration in a weekend of 48 hours"], 1e-6)
	require.NotContains(t, at, "`verify log` in a night", "what was not measured has no limit")
	bytes := map[string]part{}
	for _, p := range parts(c, e) {
		bytes[p.name] = p
	}
	require.InDelta(t, 1000*e.facts()*100, bytes["log"].after(1, 100), 1)
	require.InDelta(t, bytes["heads and cosignatures"].after(1, 1), bytes["heads and cosignatures"].after(1, 1000), 1, "heads grow with time alone")
	lines := firstTable(c, e)
	require.Equal(t, "breaks at", lines[0][0])
	last := 0.0
	for _, line := range lines[1:] {
		require.NotEmpty(t, line[2])
		for _, n := range needs(c, e) {
			if n.name == line[1] {
				require.GreaterOrEqual(t, n.reached(), last)
				last = n.reached()
			}
		}
	}
}

func TestScale_namesWhatTheFileLacks(t *testing.T) {
	whole := report{
		At: time.Now(),
		Rows: []reportRow{
			{Name: "sync", Measured: reportSide{Seconds: 0.01}},
			{Name: "get", Measured: reportSide{Seconds: 0.001}},
			{Name: "publish", Measured: reportSide{Seconds: 0.02}},
			{Name: "nomis-migrate", Numbers: map[string]float64{"bytes a pair": 1, "requests a pair": 3}},
			{Name: "nomis-reconcile", Numbers: map[string]float64{"requests a pair": 2}},
		},
	}
	for _, name := range []string{"replay time", "replay memory", "read memory", "log bytes", "read model bytes"} {
		whole.Growth = append(whole.Growth, reportCurve{Name: name, Points: []reportPoint{{10, 1}, {100, 5e3}}})
	}
	c, err := costsOf(whole)
	require.NoError(t, err)
	require.InDelta(t, 100, c.writes, 1e-9)
	require.InDelta(t, 0.005, c.replay, 1e-9, "of the largest log")
	for i, one := range whole.Rows {
		less := whole
		less.Rows = append(append([]reportRow{}, whole.Rows[:i]...), whole.Rows[i+1:]...)
		_, err := costsOf(less)
		require.ErrorContains(t, err, "the row "+one.Name)
	}
	whole.Growth = whole.Growth[1:]
	_, err = costsOf(whole)
	require.ErrorContains(t, err, "growth: replay time")
	require.ErrorContains(t, scaleCmd{Files: []string{"missing.json"}}.Run(), "read the bench's file")
	_, err = readRuns(nil, "*.none")
	require.ErrorContains(t, err, "there is no *.none")
	require.True(t, strings.Contains(bytesText(2.5e12), "2.50 TB") && bytesText(3e9) == "3.00 GB" && bytesText(4e6) == "4.00 MB")
}
