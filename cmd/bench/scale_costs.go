package main

import "fmt"

// costs are the measured costs that the model multiplies. A cost that was not measured is
// 0, and so is what follows from it.
type costs struct {
	writes, reads, published, pages float64 // operations a second of one process, as measured
	writeCPU, readCPU               float64 // seconds of processor time of one, service and Postgres
	replay, verify                  float64 // seconds a fact
	replayMB, verifyMB, servingMB   float64
	logBytes, readModelBytes        float64 // a fact
	leafBytes                       float64 // a fact
	nomisBytes                      float64 // a pair
	viewBytes, sheetBytes           float64 // a page of one person, and of a whole prison
	migration, reconciliation       float64 // requests of NOMIS a pair
}

// givenLeaf is the size of a kept leaf by the design (docs/ARCHITECTURE.md), and givenView
// that of a row of who looked at whom: both are used until a run has measured them.
const givenLeaf, givenView = 330, 600

// costsOf takes the costs from a run. Errors name the row that the run lacks. What newer
// rows measure may be missing.
func costsOf(r report) (costs, error) {
	f := finder{report: r}
	c := costs{
		writes: f.rate("sync"), reads: f.rate("get"), published: f.rate("publish"),
		writeCPU: f.cpu("sync"), readCPU: f.cpu("get"),
		replay: f.curve("replay time") / 1e6, replayMB: f.curve("replay memory"), servingMB: f.curve("read memory"),
		logBytes: f.curve("log bytes"), readModelBytes: f.curve("read model bytes"),
		nomisBytes: f.number("nomis-migrate", "bytes a pair"),
		migration:  f.number("nomis-migrate", requestsAPair), reconciliation: f.number("nomis-reconcile", requestsAPair),
	}
	if f.missing != "" {
		return costs{}, fmt.Errorf("the bench's file lacks %s: measure again with that row", f.missing)
	}
	c.verify, c.verifyMB = f.curve("verify time")/1e6, f.curve("verify memory")
	c.leafBytes, c.pages, c.viewBytes = f.curve("leaf bytes"), f.rate("page-list"), f.number("page-list", "bytes a view")
	c.sheetBytes = f.number("page-too-close", "bytes a view")
	return c, nil
}

// finder looks things up in a report and remembers the first that is missing.
type finder struct {
	report

	missing string
}

// lacks remembers what is missing, and returns the zero of a cost.
func (f *finder) lacks(what string) float64 {
	if f.missing == "" {
		f.missing = what
	}
	return 0
}

// row returns a row that was measured, or nil.
func (f *finder) row(name string) *reportRow {
	for i := range f.Rows {
		if f.Rows[i].Name == name && f.Rows[i].Missing == nil {
			return &f.Rows[i]
		}
	}
	f.lacks("the row " + name)
	return nil
}

// rate returns the operations a second of a row.
func (f *finder) rate(name string) float64 {
	r := f.row(name)
	if r == nil || r.Measured.Seconds == 0 {
		return f.lacks("the rate of " + name)
	}
	return 1 / r.Measured.Seconds
}

// cpu returns the seconds of processor time of one operation, service and Postgres.
func (f *finder) cpu(name string) float64 {
	r := f.row(name)
	if r == nil {
		return 0
	}
	return (r.Measured.CPU.Service + r.Measured.CPU.Postgres) / 1e6
}

// number returns a further number of a row.
func (f *finder) number(name, number string) float64 {
	r := f.row(name)
	if r == nil {
		return 0
	}
	value, there := r.Numbers[number]
	if !there {
		return f.lacks(number + " of " + name)
	}
	return value
}

// curve returns the value of a curve at its largest log.
func (f *finder) curve(name string) float64 {
	for _, c := range f.Growth {
		if c.Name == name && len(c.Points) > 0 {
			return c.Points[len(c.Points)-1].Value
		}
	}
	return f.lacks("growth: " + name)
}

// leaf returns the bytes of a leaf, measured or given.
func (c costs) leaf() float64 { return orElse(c.leafBytes, givenLeaf) }

// view returns the bytes of a kept view, measured or given.
func (c costs) view() float64 { return orElse(c.viewBytes, givenView) }

// orElse returns the first value unless it is zero.
func orElse(value, otherwise float64) float64 {
	if value == 0 {
		return otherwise
	}
	return value
}

// table lists the costs.
func (c costs) table() [][]string {
	micros := func(seconds float64) string { return short(1e6 * seconds) }
	said := func(value float64, text string) string {
		if value == 0 {
			return "not measured"
		}
		return text
	}
	given := func(value, otherwise float64) string {
		if value == 0 {
			return short(otherwise) + " (by design, not measured)"
		}
		return short(value)
	}
	return [][]string{
		{"cost", headUnit, "measured"},
		{"write: `POST /sync` of a new pair", aSecond, big(c.writes)},
		{"", "CPU µs, service and Postgres", micros(c.writeCPU)},
		{"read: one list", aSecond, big(c.reads)},
		{"", "CPU µs, service and Postgres", micros(c.readCPU)},
		{"", "MB of the serving process", short(c.servingMB)},
		{"page: a list of the screens, one after the other", aSecond, said(c.pages, big(c.pages))},
		{"publish to SNS", "facts a second", big(c.published)},
		{"replay into an empty read model", "µs a fact", micros(c.replay)},
		{"", "MB peak", short(c.replayMB)},
		{"`verify log`", "µs a fact", said(c.verify, micros(c.verify))},
		{"", "MB peak", said(c.verifyMB, short(c.verifyMB))},
		{"log in Postgres, with its indexes", bytesAFact, short(c.logBytes)},
		{"read model, with its indexes", bytesAFact, short(c.readModelBytes)},
		{"leaf", bytesAFact, given(c.leafBytes, givenLeaf)},
		{"view of the audit, of one list", "bytes a page", given(c.viewBytes, givenView)},
		{"view of the audit, of a large prison's people", "bytes a page", said(c.sheetBytes, short(c.sheetBytes))},
		{"NOMIS tables (mapping, migration, reconciliation)", "bytes a pair", short(c.nomisBytes)},
		{"migration from NOMIS", requestsAPair, short(c.migration)},
		{"reconciliation with NOMIS", requestsAPair, short(c.reconciliation)},
	}
}
