// Package alerts reads the alerting rules of deploy/alerts for the tests that hold
// them to what the program exports, and has promtool judge them.
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

// Rule is one alert.
type Rule struct {
	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
	File        string            `yaml:"-"`
}

type document struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []Rule `yaml:"rules"`
	} `yaml:"groups"`
}

// Load reads every file of rules of a folder. A folder without a rule is an error.
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

// Case is one expectation of a file of promtool's unit tests.
type Case struct {
	Alert string
	Fires bool
}

// Cases reads what the unit tests of a folder expect of alerts.
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

// decode reads a YAML file and refuses unknown keys.
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
	texts    = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)
	braces   = regexp.MustCompile(`\{[^}]*\}`)
	ranges   = regexp.MustCompile(`\[[^\]]*\]`)
	grouping = regexp.MustCompile(`(?i)\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	words    = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)
	// A number with a unit is a length of time, and has no name in it.
	lengths = regexp.MustCompile(`\b[0-9][0-9a-z.]*\b`)
)

var keywords = []string{"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan", "start", "end"}

// Metrics are the names of all metrics that the rule asks for. What is neither a
// function nor a keyword counts as one: a name too many fails a test, one too few
// would hide an alert that can never fire.
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

// Causes are the parts of the rule between lines that consist of "or": each
// fires the alert by itself.
func (r Rule) Causes() []string { return strings.Split(strings.TrimSpace(r.Expr), "\nor\n") }

// Promtool runs promtool, of Debian's package prometheus. The error has its words.
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
