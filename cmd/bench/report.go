package main

import (
	"encoding/json"
	"os"
	"time"
)

// report is a run as a file of JSON: the table, and the numbers behind its texts. The
// command scale reads it. A key is never left out.
type report struct {
	At     time.Time     `json:"at"`
	Header []string      `json:"header"` // machine and settings, in words
	Rows   []reportRow   `json:"rows"`
	Growth []reportCurve `json:"growth"`
}

// reportRow is a row of the table. Rates are medians over the rounds, in operations a
// second. A row of single operations has seconds instead.
type reportRow struct {
	Name     string      `json:"name"`
	What     string      `json:"what"`
	Measured reportSide  `json:"measured"`
	Beside   string      `json:"beside"`
	Baseline reportSide  `json:"baseline"`
	Ratio    float64     `json:"ratio"`
	Goal     *reportGoal `json:"goal"` // null: information only
	Note     string      `json:"note"`
	Missing  *string     `json:"missing"` // why it was not measured
	// Numbers are further ones of a row, such as requestsAPair, never null.
	Numbers map[string]float64 `json:"numbers"`
}

// reportSide is one side of a row. Seconds are those of one operation, a median; P99 is 0
// where only the rate of a round was measured.
type reportSide struct {
	Text    string  `json:"text"`
	Rounds  int     `json:"rounds"`
	Count   int     `json:"count"` // operations of all rounds
	Seconds float64 `json:"seconds"`
	P99     float64 `json:"p99"`
	CPU     cost    `json:"cpuMicros"`
}

// reportGoal is what a row should reach, and whether it did.
type reportGoal struct {
	Text string `json:"text"`
	Met  bool   `json:"met"`
}

// reportCurve is one line of the table of growth.
type reportCurve struct {
	Name   string        `json:"name"`
	What   string        `json:"what"`
	Unit   string        `json:"unit"`
	Points []reportPoint `json:"points"` // by facts, the fewest first
	Goal   *reportGoal   `json:"goal"`
}

// reportPoint is a value at one size of the log.
type reportPoint struct {
	Facts int     `json:"facts"`
	Value float64 `json:"value"`
}

// report returns the table as it is written to a file.
func (t table) report(at time.Time) report {
	r := report{At: at, Header: t.header, Rows: []reportRow{}, Growth: []reportCurve{}}
	for _, one := range t.rows {
		line := reportRow{
			Name: one.name, What: one.what, Beside: one.beside, Ratio: one.ratio, Note: one.note, Goal: one.goal.report(),
			Measured: sideOf(one.measured, one.results.measured, one.results.cost),
			Baseline: sideOf(one.baseline, one.results.baseline, one.results.costOfBaseline), Numbers: one.numbers,
		}
		if line.Numbers == nil {
			line.Numbers = map[string]float64{}
		}
		if one.missing != "" {
			line.Missing = &one.missing
		}
		r.Rows = append(r.Rows, line)
	}
	for _, c := range t.curves {
		r.Growth = append(r.Growth, reportCurve{Name: c.name, What: c.what, Unit: c.unit, Points: c.points, Goal: c.goal().report()})
	}
	return r
}

// report returns nil for a row that is information only.
func (g goal) report() *reportGoal {
	if g.text == "" {
		return nil
	}
	return &reportGoal{g.text, g.met}
}

// sideOf returns one side of a row.
func sideOf(text string, rounds []result, c cost) reportSide {
	side := reportSide{Text: text, Rounds: len(rounds), CPU: c}
	var each, slowest []float64
	for _, one := range rounds {
		side.Count += one.count
		each, slowest = append(each, one.each), append(slowest, one.p99)
	}
	side.Seconds, side.P99 = median(each), median(slowest)
	return side
}

// write replaces a file by the report.
func (r report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644) //nolint:gosec // it holds no secret
}

// readReport reads what write wrote.
func readReport(file string) (report, error) {
	var r report
	text, err := os.ReadFile(file) //nolint:gosec // the file that the caller names
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}
