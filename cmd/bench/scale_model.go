package main

import (
	"cmp"
	"fmt"
	"slices"
)

const (
	daysAYear, secondsADay = 365, 86_400
	// headsADay is a head a minute (EVIDENCE_EVERY) and headBytes the row of one with a
	// cosignature: they grow with time and not with the estate.
	headsADay, headBytes = 1440, 800
)

// atStart and facts return the facts on the day of the migration and after Years.
func (e estateSize) atStart() float64 { return e.Pairs * e.FactsAPair }
func (e estateSize) facts() float64   { return e.atStart() + e.WritesADay*daysAYear*e.Years }

// pairs returns the pairs after Years.
func (e estateSize) pairs() float64 { return e.Pairs + e.NewPairs*e.WritesADay*daysAYear*e.Years }

// busy returns how many of a day's come in a second of the busiest hour.
func (e estateSize) busy(aDay float64) float64 { return aDay / secondsADay * e.Peak }

// part is something that grows: its bytes on the first day and those of a year, of one
// national estate.
type part struct {
	name        string
	start, year float64
	fixed       bool // it does not grow with the estate
}

// parts returns everything that is kept.
func parts(c costs, e estateSize) []part {
	year := e.WritesADay * daysAYear
	return []part{
		{name: "log", start: c.logBytes * e.atStart(), year: c.logBytes * year},
		{name: "read model (twice during a rebuild)", start: c.readModelBytes * e.atStart(), year: c.readModelBytes * year},
		{name: "leaves", start: c.leaf() * e.atStart(), year: c.leaf() * year},
		{name: "heads and cosignatures", year: headsADay * daysAYear * headBytes, fixed: true},
		{name: "views of the audit", year: (c.view()*e.PagesADay + c.sheetBytes*e.SheetsADay) * daysAYear},
		{name: "NOMIS tables", start: c.nomisBytes * e.Pairs, year: c.nomisBytes * e.NewPairs * year},
	}
}

// after returns the bytes of a part after some years in so many estates.
func (p part) after(years, estates float64) float64 {
	if p.fixed {
		estates = 1
	}
	return (p.start + years*p.year) * estates
}

// disk returns the bytes of everything, with a second read model for a rebuild.
func disk(c costs, e estateSize, estates float64) float64 {
	sum := 0.0
	for i, p := range parts(c, e) {
		sum += p.after(e.Years, estates)
		if i == 1 {
			sum += p.after(e.Years, estates)
		}
	}
	return sum
}

// partsTable shows how each part grows.
func partsTable(c costs, e estateSize) [][]string {
	lines := [][]string{{"part", "first day, 1×", "a year, 1×"}}
	for _, m := range multiples {
		lines[0] = append(lines[0], fmt.Sprintf("after %s years, %s×", plain(e.Years), big(m)))
	}
	for _, p := range parts(c, e) {
		line := []string{p.name, bytesText(p.start), bytesText(p.year)}
		for _, m := range multiples {
			line = append(line, bytesText(p.after(e.Years, m)))
		}
		lines = append(lines, line)
	}
	return lines
}

// need is work that has a limit: how much of one estate needs, in the unit of the limit.
type need struct {
	name, unit  string
	need, limit float64
	then        string // what is done when the limit is reached
}

// reached returns at how many national estates the limit is reached.
func (n need) reached() float64 { return n.limit / n.need }

// needs returns all work with a limit that was measured.
func needs(c costs, e estateSize) []need {
	hours := func(seconds float64) float64 { return seconds / 3600 }
	all := []need{
		{"writes of one log in Postgres", busiestHour, e.busy(e.WritesADay), c.writes, "an EventStoreDB cluster is the log (`esdb://`); the command loop and the facts stay as they are"},
		{"projector, one for all pairs", "facts a second, busiest hour", e.busy(e.WritesADay), 1 / c.replay, "projections partitioned by pair: a projector a partition, each with its own lease and checkpoint; a prisoner's list is joined from the partitions when it is read"},
		{"publisher, one for all pairs", "facts a second, busiest hour", e.busy(e.WritesADay), c.published, "publisher shards by pair, each with its checkpoint and parked messages: order is promised for a pair alone"},
		{"reads of one process and its Postgres", busiestHour, e.busy(e.ReadsADay), c.reads, "more `serve` processes, then read replicas (`READ_DATABASE_URL`): `atLeast` keeps a reader from seeing less than it wrote"},
		{"rebuild in a night", inHours, hours(c.replay * e.facts()), e.Night, "reads and writes go on meanwhile, so it may take longer; then partitions are rebuilt at once"},
		{"reconciliation of every pair in a night", inHours, hours(c.reconciliation * e.pairs() / e.NomisRate), e.Night, "NOMIS's own limit: pairs that were touched are compared at night, all of them over a week or a month"},
		{"migration in a weekend of 48 hours", inHours, hours(c.migration * e.Pairs / e.NomisRate), 48, "NOMIS's own limit: an extract of its tables instead of its API, or prison by prison"},
		{"disk of one Postgres", "GB", disk(c, e, 1) / 1e9, e.Disk, "views go first (`screens prune-views`), then log and read model get a Postgres each; with EventStoreDB the log leaves Postgres, and scavenging frees what the server itself wrote, for no fact is ever removed"},
	}
	if c.pages > 0 {
		all = append(all, need{"pages of one process, one after the other", busiestHour, e.busy(e.PagesADay), c.pages, "more `screens` processes: any number may run"})
	}
	if c.verify > 0 {
		all = append(all, need{"`verify log` in a night", inHours, hours(c.verify * e.facts()), e.Night, "`--from` the last head that was good, as every night does; all of the log over a week"})
	}
	return all
}

// loadTable shows what each work needs at each size, and what one instance was measured to
// do. A need beyond the limit is bold.
func loadTable(c costs, e estateSize) [][]string {
	lines := [][]string{{"work", headUnit, "limit"}}
	for _, m := range multiples {
		lines[0] = append(lines[0], big(m)+"×")
	}
	for _, n := range needs(c, e) {
		line := []string{n.name, n.unit, short(n.limit)}
		for _, m := range multiples {
			text := short(n.need * m)
			if m > n.reached() {
				text = "**" + text + "**"
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	for _, cpu := range []struct {
		name    string
		seconds float64
	}{
		{"processors for writes, service and Postgres", c.writeCPU * e.busy(e.WritesADay)},
		{"processors for reads, service and Postgres", c.readCPU * e.busy(e.ReadsADay)},
	} {
		line := []string{cpu.name, "busiest hour", ""}
		for _, m := range multiples {
			text := "< 0.01"
			if cpu.seconds*m >= 0.01 {
				text = short(cpu.seconds * m)
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	return lines
}

// firstTable shows what breaks first, and what is then done.
func firstTable(c costs, e estateSize) [][]string {
	all := needs(c, e)
	slices.SortStableFunc(all, func(a, b need) int { return cmp.Compare(a.reached(), b.reached()) })
	lines := [][]string{{"breaks at", "what", "what is then done"}}
	for _, n := range all {
		lines = append(lines, []string{short(n.reached()) + "×", n.name, n.then})
	}
	return lines
}

// bytesText formats bytes in MB, GB or TB.
func bytesText(bytes float64) string {
	switch {
	case bytes >= 1e12:
		return short(bytes/1e12) + " TB"
	case bytes >= 1e9:
		return short(bytes/1e9) + " GB"
	default:
		return short(bytes/1e6) + " MB"
	}
}
