package manifests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Instruction is one instruction of a Dockerfile: its word in capitals, and what follows.
type Instruction struct {
	Word, Rest string
}

// Stage is one stage of a Dockerfile.
type Stage struct {
	Name string
	// From is the image, or the name of an earlier stage. Defaults of ARG are put in.
	From         string
	Instructions []Instruction
}

// Dockerfile reads deploy/Dockerfile, as far as it uses the format: lines that go on, words,
// comments, and ARG before the first stage.
func Dockerfile(root string) ([]Stage, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "Dockerfile"))
	if err != nil {
		return nil, fmt.Errorf("read the Dockerfile: %w", err)
	}
	return ParseDockerfile(string(text)), nil
}

// ParseDockerfile returns the stages in their order.
func ParseDockerfile(text string) []Stage {
	var stages []Stage
	defaults := map[string]string{}
	for _, one := range instructions(text) {
		if one.Word == "FROM" {
			words := strings.Fields(os.Expand(one.Rest, func(name string) string { return defaults[name] }))
			stage := Stage{From: words[0]}
			if len(words) == 3 && strings.EqualFold(words[1], "AS") {
				stage.Name = words[2]
			}
			stages = append(stages, stage)
			continue
		}
		if len(stages) == 0 {
			name, value, _ := strings.Cut(one.Rest, "=")
			defaults[name] = value
			continue
		}
		last := &stages[len(stages)-1]
		last.Instructions = append(last.Instructions, one)
	}
	return stages
}

// instructions joins lines that go on and leaves out comments.
func instructions(text string) []Instruction {
	var all []Instruction
	whole := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		before, goesOn := strings.CutSuffix(line, `\`)
		whole += before + " "
		if goesOn {
			continue
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(whole), " ")
		all = append(all, Instruction{strings.ToUpper(word), strings.Join(strings.Fields(rest), " ")})
		whole = ""
	}
	return all
}
