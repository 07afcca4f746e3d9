package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// scaleCmd prints the tables of docs/scale.md from files of the bench. It multiplies
// measured costs; nothing of that size is simulated.
type scaleCmd struct {
	Files []string `arg:"" optional:"" help:"What --json of a run wrote, docs/scale/*.json by default. A later file adds what those before it lack."`

	estateSize
}

// Help shows examples.
func (scaleCmd) Help() string {
	return `Examples:
  bin/bench scale                                     the tables of docs/scale.md
  bin/bench scale bin/bench.json --writes-a-day 5000  from another run, for a busier estate`
}

// estateSize is a national estate as the model takes it. Every other size is a multiple of
// it in all of these but the times.
type estateSize struct {
	Prisoners  float64 `default:"85000"   help:"Prisoners in custody."`
	Pairs      float64 `default:"100000"  help:"Pairs with a record when NOMIS has been migrated."`
	FactsAPair float64 `default:"2"       help:"Facts of a pair on that day." name:"facts-a-pair"`
	WritesADay float64 `default:"300"     help:"Facts a day, by staff and by NOMIS." name:"writes-a-day"`
	NewPairs   float64 `default:"0.25"    help:"Share of the writes that begin a pair."`
	ReadsADay  float64 `default:"1000000" help:"Reads of the API a day." name:"reads-a-day"`
	PagesADay  float64 `default:"20000"   help:"Pages that show a person, a day." name:"pages-a-day"`
	SheetsADay float64 `default:"500"     help:"Pages that show a whole prison, a day." name:"sheets-a-day"`
	Peak       float64 `default:"5"       help:"The busiest hour over the mean."`
	Years      float64 `default:"10"      help:"How long facts have been collected when rebuild and disk are looked at."`
	Night      float64 `default:"8"       help:"Hours that nightly work may take."`
	Disk       float64 `default:"1000"    help:"GB of one Postgres."`
	NomisRate  float64 `default:"50"      help:"Requests a second that NOMIS takes from us."`
}

// multiples are the sizes of docs/scale.md, in national estates.
var multiples = []float64{1, 10, 100, 1000}

// Run prints the tables. Errors: the file cannot be read, or lacks a row that the model
// needs.
func (c scaleCmd) Run() error {
	runs, err := readRuns(c.Files, keptRuns)
	if err != nil {
		return err
	}
	costs, err := costsOf(together(runs))
	if err != nil {
		return err
	}
	for _, t := range scaleTables(runs, costs, c.estateSize) {
		t.print(os.Stdout)
	}
	return nil
}

// keptRuns are the files behind docs/scale.md, from the root of the module.
const keptRuns = "docs/scale/*.json"

// readRuns reads files, or those of a pattern where none is named.
func readRuns(files []string, pattern string) ([]report, error) {
	if len(files) == 0 {
		files, _ = filepath.Glob(pattern) // a fault is one of the pattern, which is ours
	}
	var runs []report
	for _, file := range files {
		r, err := readReport(file)
		if err != nil {
			return nil, fmt.Errorf("read the bench's file: %w", err)
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("there is no %s: name what --json of a run wrote", pattern)
	}
	return runs, nil
}

// together returns one report with the rows and curves of all. Of two with one name the
// first is looked up.
func together(runs []report) report {
	var all report
	for _, r := range runs {
		all.Rows, all.Growth = append(all.Rows, r.Rows...), append(all.Growth, r.Growth...)
	}
	return all
}

// scaleTable is one table of docs/scale.md. Its name is in the marks around it.
type scaleTable struct {
	name  string
	lines [][]string // the first one is the head
}

// print writes the table between its marks.
func (t scaleTable) print(out io.Writer) {
	fmt.Fprintf(out, "<!-- bench scale: %s -->\n", t.name)
	if len(t.lines) > 0 {
		printMarkdown(out, t.lines)
	}
	fmt.Fprintln(out, endOfTable)
}

// endOfTable is the mark behind a table.
const endOfTable = "<!-- end -->"

// scaleTables returns the tables of docs/scale.md in their order.
func scaleTables(runs []report, c costs, e estateSize) []scaleTable {
	of := [][]string{{"run of", "rows", "machine"}}
	for _, r := range runs {
		of = append(of, []string{r.At.UTC().Format("2006-01-02 15:04 UTC"), strings.Join(r.names(), ", "), strings.Join(r.Header, "; ")})
	}
	return []scaleTable{
		{"runs", of},
		{"estate", e.table()},
		{"costs", c.table()},
		{"parts", partsTable(c, e)},
		{"load", loadTable(c, e)},
		{"first", firstTable(c, e)},
	}
}

// table lists what is assumed of an estate.
func (e estateSize) table() [][]string {
	return [][]string{
		{"a national estate", "taken as"},
		{"prisoners in custody", big(e.Prisoners)},
		{"pairs with a record when NOMIS has been migrated", big(e.Pairs)},
		{"facts of a pair on that day", plain(e.FactsAPair)},
		{"facts a day, by staff and by NOMIS", big(e.WritesADay)},
		{"of which begin a pair", fmt.Sprintf("%.0f %%", 100*e.NewPairs)},
		{"reads of the API a day", big(e.ReadsADay)},
		{"pages that show a person, a day", big(e.PagesADay)},
		{"pages that show a whole prison, a day", big(e.SheetsADay)},
		{"the busiest hour over the mean", plain(e.Peak)},
		{"years of facts, for rebuild and disk", plain(e.Years)},
		{"hours of a night", plain(e.Night)},
		{"disk of one Postgres", big(e.Disk) + " GB"},
		{"requests a second that NOMIS takes (`NOMIS_RATE`)", plain(e.NomisRate)},
	}
}

// plain formats a number with the digits that it has.
func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// names returns the names of a run's rows; those of growth count as one.
func (r report) names() []string {
	var all []string
	for _, one := range r.Rows {
		all = append(all, one.Name)
	}
	if len(r.Growth) > 0 {
		all = append(all, "growth")
	}
	return all
}

// big formats a whole number with commas.
func big(n float64) string { return thousands(int(n + 0.5)) }
