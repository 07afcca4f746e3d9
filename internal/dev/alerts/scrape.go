package alerts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Scrape is what a program exported at one moment. At is the time before the request.
type Scrape struct {
	At     time.Time
	Values map[string]float64 // by name and labels, as they were written
}

// Get scrapes /metrics at an address, "host:port". Any status but 200 is an error.
func Get(ctx context.Context, client *http.Client, address string) (Scrape, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return Scrape{}, fmt.Errorf("ask for metrics: %w", err)
	}
	at := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return Scrape{}, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Scrape{}, fmt.Errorf("read metrics: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return Scrape{}, fmt.Errorf("ask for metrics: status %d: %s", response.StatusCode, text)
	}
	return parse(at, string(text))
}

// parse reads the text format of Prometheus, without timestamps, which our exporter
// does not write.
func parse(at time.Time, text string) (Scrape, error) {
	scrape := Scrape{At: at, Values: map[string]float64{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 {
			return Scrape{}, fmt.Errorf("not a line of metrics: %q", line)
		}
		value, err := strconv.ParseFloat(line[cut+1:], 64)
		if err != nil {
			return Scrape{}, fmt.Errorf("not a line of metrics: %q", line)
		}
		scrape.Values[line[:cut]] = value
	}
	return scrape, nil
}

// Has reports whether a metric of the name was exported, with any labels.
func (s Scrape) Has(name string) bool {
	for series := range s.Values {
		if of, _, _ := strings.Cut(series, "{"); of == name {
			return true
		}
	}
	return false
}

// Phase is what a scraped program did between two scrapes of it. The zero Scrape means
// that the program did not answer: its series are then stale.
type Phase struct {
	First, Second Scrape

	// Times is how often the phase is as long as others, for what must last; 0: once.
	Times int
}

func (p Phase) samples() int { return phase * max(1, p.Times) }

// every is the interval of samples in the generated unit tests, in seconds. A phase has
// phase samples, so it lasts five minutes: longer than the window of any rate.
const (
	every  = 15
	phase  = 20
	second = float64(time.Second)
)

// UnitTest returns a file of promtool's unit tests. Its input series continue through
// the phases as they did between the two scrapes of each. It expects the alert of rule
// at the end, or none when fires is false. promtool's clock begins at 0, so a series
// whose name ends in _timestamp_seconds is moved there.
func UnitTest(rule Rule, fires bool, phases ...Phase) string {
	names, samples := map[string]bool{}, 0
	for _, p := range phases {
		samples += p.samples()
		for name := range p.First.Values {
			names[name] = true
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "rule_files: [%s]\nevaluation_interval: %ds\ntests:\n  - interval: %ds\n    input_series:\n", rule.File, every, every)
	for name := range names {
		fmt.Fprintf(&text, "      - series: '%s'\n        values: '%s'\n", name, values(name, phases))
	}
	fmt.Fprintf(&text, "    alert_rule_test:\n      - eval_time: %ds\n        alertname: %s\n        exp_alerts:", every*(samples-1), rule.Name)
	if !fires {
		text.WriteString(" []\n")
		return text.String()
	}
	text.WriteString("\n")
	expected := rule.Expected
	if expected == nil {
		expected = []string{"consumer: readModel"}
	}
	for _, labels := range expected {
		fmt.Fprintf(&text, "          - exp_labels: {severity: %s, %s}\n            exp_annotations:\n", rule.Labels["severity"], labels)
		for name, value := range rule.Annotations {
			fmt.Fprintf(&text, "              %s: %q\n", name, value)
		}
	}
	return text.String()
}

// values returns the samples of one series through all phases, in promtool's notation.
// A gauge of an age grows with the clock only if it grew between the scrapes.
func values(series string, phases []Phase) string {
	var parts []string
	began := 0.0
	for _, p := range phases {
		first, there := p.First.Values[series]
		later, still := p.Second.Values[series]
		switch {
		case !there || !still:
			parts = append(parts, fmt.Sprintf("stale _x%d", p.samples()-1))
		case isTime(series):
			age := float64(p.First.At.UnixNano())/second - first
			parts = append(parts, notation(began-age, later > first, p.samples()))
		default:
			parts = append(parts, notation(later, isAge(series) && later > first, p.samples()))
		}
		began += float64(every * p.samples())
	}
	return strings.Join(parts, " ")
}

// isTime reports whether the value of a series is a point in time. The suffix is
// Prometheus's convention.
func isTime(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	return strings.HasSuffix(name, "_timestamp_seconds")
}

// isAge reports whether a series grows with the clock while nothing happens. Such a
// gauge must not stand still in the generated test.
func isAge(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	return strings.HasSuffix(name, "_lag_seconds") || strings.HasSuffix(name, "_age_seconds")
}

// notation returns the samples of one phase: constant, or growing with the clock.
func notation(from float64, ticks bool, samples int) string {
	step := 0
	if ticks {
		step = every
	}
	return fmt.Sprintf("%.3f+%dx%d", from, step, samples-1)
}
