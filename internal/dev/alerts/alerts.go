// Package alerts reads the alerting rules of deploy/alerts for tests. The tests compare
// the rules with the metrics that the program exports, and run promtool on them.
package alerts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rule is one alert. File is the path that the rule was read from. The other fields are
// Prometheus's own.
type Rule struct {
	// Expected are the labels of each alert that UnitTest expects, beside its severity; nil:
	// one of the read model's consumer.
	Expected []string `yaml:"-"`

	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
	File        string            `yaml:"-"`
}

// document is a file of alerting rules, as Prometheus reads it.
type document struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []Rule `yaml:"rules"`
	} `yaml:"groups"`
}

// Load reads all *.yaml files of a folder, in the order of their names. A folder
// without a rule is an error: a test over no rules would pass.
func Load(dir string) ([]Rule, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("look for rules: %w", err)
	}
	var all []Rule
	for _, file := range files {
		var read document
		if err := decode(file, &read); err != nil {
			return nil, err
		}
		for _, group := range read.Groups {
			for _, rule := range group.Rules {
				rule.File = file
				all = append(all, rule)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no rule", dir)
	}
	return all, nil
}

// Case is one expectation in a file of promtool's unit tests: whether the alert fires.
type Case struct {
	Alert string
	Fires bool
}

// Cases returns the expectations in the unit tests of a folder, in the order of files
// and tests. An alert may occur in several of them.
func Cases(dir string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("look for tests of rules: %w", err)
	}
	var all []Case
	for _, file := range files {
		var read struct {
			Tests []struct {
				Alerts []struct {
					Name     string `yaml:"alertname"`
					Expected []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			} `yaml:"tests"`
		}
		if err := decode(file, &read); err != nil {
			return nil, err
		}
		for _, test := range read.Tests {
			for _, alert := range test.Alerts {
				all = append(all, Case{Alert: alert.Name, Fires: len(alert.Expected) > 0})
			}
		}
	}
	return all, nil
}

// TestsOf returns a file of unit tests with the tests of one alert alone. An error: there
// are none.
func TestsOf(alert, file string) ([]byte, error) {
	var whole map[string]any
	if err := decode(file, &whole); err != nil {
		return nil, err
	}
	var kept []any
	tests, _ := whole["tests"].([]any)
	for _, test := range tests {
		fields, _ := test.(map[string]any)
		expected, _ := fields["alert_rule_test"].([]any)
		expected = slices.DeleteFunc(expected, func(one any) bool {
			of, _ := one.(map[string]any)
			return of["alertname"] != alert
		})
		if len(expected) > 0 {
			fields["alert_rule_test"] = expected
			kept = append(kept, fields)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s has no test of %s", file, alert)
	}
	whole["tests"] = kept
	text, err := yaml.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("write the tests of %s: %w", alert, err)
	}
	return text, nil
}

// decode reads a YAML file. Unknown keys are ignored, since promtool checks the syntax.
func decode(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

var (
	// Metrics removes the matches of these from an expression, texts first: a text may
	// contain any of the others.
	texts    = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)
	braces   = regexp.MustCompile(`\{[^}]*\}`)
	ranges   = regexp.MustCompile(`\[[^\]]*\]`)
	grouping = regexp.MustCompile(`(?i)\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	words    = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)
	// lengths are durations, such as 5m, and numbers. Neither contains a name.
	lengths = regexp.MustCompile(`\b[0-9][0-9a-z.]*\b`)
)

// keywords are the words of PromQL that are neither functions nor metrics, in lower
// case.
var keywords = []string{"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan", "start", "end"}

// Metrics returns the names of all metrics in the expression, each once. A name that is
// neither a function nor a keyword counts as a metric. That errs on the safe side: a
// name too many fails a test, and one too few would hide an alert that can never fire.
func (r Rule) Metrics() []string {
	text := texts.ReplaceAllString(r.Expr, "")
	for _, other := range []*regexp.Regexp{braces, ranges, grouping, lengths} {
		text = other.ReplaceAllString(text, " ")
	}
	var names []string
	for _, word := range words.FindAllString(text, -1) {
		name := strings.TrimSpace(word)
		if strings.HasSuffix(name, "(") || slices.Contains(keywords, strings.ToLower(name)) || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// Causes returns the alternatives of the expression, which lines that consist of "or"
// separate. Each of them fires the alert by itself, so each needs a test.
func (r Rule) Causes() []string { return strings.Split(strings.TrimSpace(r.Expr), "\nor\n") }

// Promtool runs promtool, of Debian's package prometheus. An error contains its output.
func Promtool(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "promtool", args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("promtool is missing: install Debian's prometheus")
	}
	if err != nil {
		return fmt.Errorf("promtool %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
