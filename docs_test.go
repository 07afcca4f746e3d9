package nonassociations_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	decisions    = filepath.Join("docs", "adr")
	decisionFile = regexp.MustCompile(`^(\d{4})-[a-z0-9-]+\.md$`)
)

func TestDecisions_areAllInTheirIndex(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(decisions, "README.md"))
	require.NoError(t, err)
	entries, err := os.ReadDir(decisions)
	require.NoError(t, err)
	files := map[string]string{}
	for _, entry := range entries {
		if entry.Name() == "README.md" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(decisions, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()], _, _ = strings.Cut(string(text), "\n")
	}
	require.NotEmpty(t, files)
	require.Empty(t, unlisted(string(index), files))
}

// unlisted lists what is wrong between the index and the decisions: files maps
// the name of each file to its first line. Every file has the number of its name
// in its heading, a row with its title, and a number of its own.
func unlisted(index string, files map[string]string) []string {
	var faults []string
	numbers := map[string]string{}
	for name, heading := range files {
		parts := decisionFile.FindStringSubmatch(name)
		if parts == nil {
			faults = append(faults, name+" is not named NNNN-words.md")
			continue
		}
		if other, taken := numbers[parts[1]]; taken {
			faults = append(faults, name+" and "+other+" have one number")
		}
		numbers[parts[1]] = name
		title, ok := strings.CutPrefix(heading, "# "+parts[1]+" ")
		row := fmt.Sprintf("| [%s](%s) | %s |\n", parts[1], name, title)
		if !ok || !strings.Contains(index, row) {
			faults = append(faults, name+" has no row with its title: "+row)
		}
	}
	if rows := strings.Count(index, "\n| ["); rows != len(files) {
		faults = append(faults, fmt.Sprintf("%d rows stand for %d files", rows, len(files)))
	}
	return faults
}

func TestDecisions_checkerCanFail(t *testing.T) {
	index := "| | decision |\n|---|---|\n| [0001](0001-a.md) | A |\n"
	require.Empty(t, unlisted(index, map[string]string{"0001-a.md": "# 0001 A"}))
	for fault, files := range map[string]map[string]string{
		"no row":       {"0001-a.md": "# 0001 A", "0002-b.md": "# 0002 B"},
		"another name": {"0001-a.md": "# 0001 Else"},
		"no heading":   {"0001-a.md": "0001 A"},
		"no number":    {"0001-a.md": "# 0001 A", "b.md": "# B"},
		"no file":      {},
	} {
		require.NotEmpty(t, unlisted(index, files), fault)
	}
}

// A guarantee is worth what its test is worth: each one that the documents
// name must be there.
func TestArchitecture_namesTestsThatExist(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("docs", "ARCHITECTURE.md"))
	require.NoError(t, err)
	sources, err := exec.Command("git", "grep", "-o", "^func Test[A-Za-z0-9_]*", "--", "*_test.go").Output()
	require.NoError(t, err)
	there := map[string]bool{} // folder and test
	for line := range strings.Lines(string(sources)) {
		file, declared, _ := strings.Cut(strings.TrimSpace(line), ":func ")
		there[filepath.Dir(file)+" "+declared] = true
	}
	folder, named := "", 0
	for _, word := range regexp.MustCompile("(?:`([\\w/]+)`|(top folder))(:?)").FindAllStringSubmatch(string(document), -1) {
		switch {
		case word[2] != "":
			folder = "."
		case word[3] == ":":
			folder = word[1]
		case strings.HasPrefix(word[1], "Test"):
			named++
			assert.True(t, there[folder+" "+word[1]], "%s has no test %s", folder, word[1])
		}
	}
	require.Positive(t, named)
}

func TestArchitecture_numbersEachGuaranteeOnce(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("docs", "ARCHITECTURE.md"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(string(document), -1) {
		assert.False(t, seen[row[1]], "guarantee %s stands twice", row[1])
		seen[row[1]] = true
	}
	require.NotEmpty(t, seen)
}
