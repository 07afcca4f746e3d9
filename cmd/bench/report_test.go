package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// someCurve is one curve of two sizes.
func someCurve(first, last float64) curve {
	return curve{
		name: "replay cpu", what: "replay", unit: "CPU µs a fact", limit: flat,
		points: []reportPoint{{Facts: 10_000, Value: first}, {Facts: 100_000, Value: last}},
	}
}

func TestReport_isReadAsItWasWritten(t *testing.T) {
	d := comparison{
		measured: []measurement{{count: 100, seconds: 2, cpu: cpu{service: 0.001, postgres: 0.002}}},
		baseline: []measurement{{count: 400, seconds: 2}},
	}
	whole := table{
		header: []string{"on a machine"}, curves: []curve{someCurve(2, 2.5)},
		rows: []row{
			{name: "sync", what: "sync", measured: "50/s", ratio: 0.25, goal: atLeast(0.25, 0.6), results: d.results()},
			{name: "message-db", what: "peer", missing: "it is not installed"},
		},
	}
	file := filepath.Join(t.TempDir(), "bench.json")
	whole.rows[0].numbers = map[string]float64{"requests a pair": 2}
	written := whole.report(time.Date(2026, 11, 29, 20, 0, 0, 0, time.UTC))
	require.NoError(t, written.write(file))
	read, err := readReport(file)
	require.NoError(t, err)
	require.Equal(t, written, read)
	sync := read.Rows[0]
	require.InDelta(t, 0.02, sync.Measured.Seconds, 1e-9)
	require.InDelta(t, 10, sync.Measured.CPU.Service, 1e-9)
	require.InDelta(t, 20, sync.Measured.CPU.Postgres, 1e-9)
	require.Equal(t, 100, sync.Measured.Count)
	require.Equal(t, &reportGoal{"≥ 0.60", false}, sync.Goal)
	require.InDelta(t, 2, sync.Numbers["requests a pair"], 0)
	require.NotNil(t, read.Rows[1].Numbers)
	require.Nil(t, sync.Missing)
	require.Nil(t, read.Rows[1].Goal)
	require.Equal(t, "it is not installed", *read.Rows[1].Missing)
	require.Equal(t, &reportGoal{"≤ 1.30", true}, read.Growth[0].Goal)
	_, err = readReport(filepath.Join(t.TempDir(), "missing"))
	require.Error(t, err)
}

func TestCurves_aloneTellWhetherACostIsFlat(t *testing.T) {
	require.True(t, someCurve(10, 13).goal().met)
	require.False(t, someCurve(10, 14).goal().met)
	require.Equal(t, goal{}, curve{limit: flat, points: []reportPoint{{10, 1}}}.goal(), "one size shows nothing")
	require.InDelta(t, 1, someCurve(0, 5).growth(), 0)
	var out bytes.Buffer
	table{curves: []curve{someCurve(10, 14)}}.print(&out)
	lines := strings.Split(out.String(), "\n")
	require.Regexp(t, `unit +\| 10,000 facts \| 100,000 facts \| last ÷ first \| goal +\|`, line(lines, "| as the log"))
	require.Regexp(t, `CPU µs a fact \| 10\.0 +\| 14\.0 +\| 1\.40 +\| ≤ 1\.30 \| missed \|$`, line(lines, "| replay"))
}

func TestCurves_ofEachSizeAreOneTable(t *testing.T) {
	at := func(facts int) []curve {
		g := grown{facts: facts, replay: worked{measurement: measurement{count: facts, seconds: float64(facts) + 1}, peak: 2048}}
		return g.curves(grown{replay: worked{measurement: measurement{seconds: 1}}})
	}
	curves := addPoints(addPoints(nil, at(10)), at(100))
	found := 0
	for _, c := range curves {
		require.Len(t, c.points, 2, c.name)
		switch c.name {
		case "replay time":
			require.Equal(t, []reportPoint{{10, 1e6}, {100, 1e6}}, c.points, "the start of the process is taken off")
		case "replay memory":
			require.Equal(t, []reportPoint{{10, 2}, {100, 2}}, c.points)
		default:
			continue
		}
		found++
	}
	require.Equal(t, 2, found)
}

func TestShort_keepsThreeDigits(t *testing.T) {
	for text, value := range map[string]float64{"0.12": 0.123, "12.3": 12.34, "1,235": 1234.6, "0": 0, "0.0031": 0.00312} {
		require.Equal(t, text, short(value))
	}
}

func TestSpec_ofACommandThatTheBinaryLacksIsARowThatSaysSo(t *testing.T) {
	s := &harness{runCmd: runCmd{Binary: "/bin/sh"}}
	var lacking table
	asks := func(status string) spec {
		return spec{name: "verify-log", several: func(ctx context.Context, s *harness) (table, error) {
			_, _, err := s.command(ctx, nil, "-c", "echo why >&2; exit "+status)
			return table{rows: []row{{name: "signing"}}}, err
		}}
	}
	require.NoError(t, asks("80").add(t.Context(), s, &lacking))
	require.Len(t, lacking.rows, 2)
	require.Equal(t, "verify-log", lacking.rows[1].name)
	require.Contains(t, lacking.rows[1].missing, "no such command")
	require.ErrorContains(t, asks("1").add(t.Context(), s, &table{}), "why")
	m, out, err := s.command(t.Context(), nil, "-c", "echo out")
	require.NoError(t, err)
	require.Equal(t, "out\n", string(out))
	require.Positive(t, m.seconds)
}
