package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/cmd/internal/app"
	"nonassociations/web/shape"
)

// statusCmd says how every part is, also while Postgres is away.
type statusCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (statusCmd) Help() string {
	return `Examples:
  nonassociations status
  nonassociations status --json

Each part is asked for at most 3 s, all at the same time. A part whose variables are not set is left
out. Without DATABASE_URL the development run of DATA_DIR is asked.

Exit status: 0 all is well, 1 something is over its threshold, 2 something could not be asked.`
}

// Run prints the parts. The status is 2 before it is 1: what could not be asked may be worse.
// What keeps it from asking anything is no part, and leaves the list empty.
func (c statusCmd) Run(ctx context.Context) error {
	found, err := ask(ctx)
	if err != nil {
		found = shape.SystemStatus{Status: shape.Down, Build: app.Version(), Parts: []shape.PartStatus{}}
	}
	if err := errors.Join(err, c.print(found)); err != nil {
		return exitError{err, 2}
	}
	switch {
	case !found.AllAsked():
		return exitError{status: 2}
	case found.Status != shape.Up:
		return exitError{status: 1}
	}
	return nil
}

// ask asks every part that the variables name.
func ask(ctx context.Context) (shape.SystemStatus, error) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return shape.SystemStatus{}, fmt.Errorf("load the London time zone: %w", err)
	}
	environment := app.CommandEnvironment()
	if err := nameEndpoints(environment); err != nil {
		return shape.SystemStatus{}, err
	}
	return app.StatusOptions{
		Environment: environment, Clock: func() time.Time { return time.Now().In(london) },
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: app.MaskAttr})),
	}.Status(ctx)
}

// nameEndpoints puts the queues' endpoint of a development run where the client of SQS
// reads it. What is set stays as it is.
func nameEndpoints(environment map[string]string) error {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"} {
		if _, set := os.LookupEnv(name); set || environment[name] == "" {
			continue
		}
		if err := os.Setenv(name, environment[name]); err != nil {
			return fmt.Errorf("name the endpoint of the queues: %w", err)
		}
	}
	return nil
}

// print prints one JSON object, or a line a part.
func (c statusCmd) print(s shape.SystemStatus) error {
	if c.JSON {
		text, err := json.Marshal(s, json.Deterministic(true))
		if err == nil {
			fmt.Println(string(text))
		}
		return err
	}
	for _, p := range s.Parts {
		fmt.Println(sentenceOf(p))
	}
	return nil
}

// sentenceOf returns one part in one line.
func sentenceOf(p shape.PartStatus) string {
	if !p.Asked {
		return p.Part + ": could not be asked" + runbookOf(p)
	}
	text := p.Part + ": well"
	if !p.OK {
		text = p.Part + ": NOT WELL"
		if p.Since != nil {
			text += " since " + p.Since.UTC().Format(time.RFC3339)
		}
	}
	var numbers []string
	for _, name := range slices.Sorted(maps.Keys(p.Numbers)) {
		numbers = append(numbers, name+" "+valueOf(p.Numbers[name]))
	}
	if len(numbers) > 0 {
		text += " (" + strings.Join(numbers, ", ") + ")"
	}
	if !p.OK {
		text += runbookOf(p)
	}
	return text
}

// valueOf returns a number, or a group of numbers in the order of their names, such as
// "deadLetters 0 messages 3".
func valueOf(value any) string {
	group, is := value.(map[string]any)
	if !is {
		return fmt.Sprint(value)
	}
	var inner []string
	for _, name := range slices.Sorted(maps.Keys(group)) {
		inner = append(inner, fmt.Sprintf("%s %v", name, group[name]))
	}
	return strings.Join(inner, " ")
}

func runbookOf(p shape.PartStatus) string {
	if p.Runbook == nil {
		return ""
	}
	return "; see " + *p.Runbook
}
