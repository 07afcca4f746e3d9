package app

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// RunFile is the file in DATA_DIR in which a development run keeps its variables while it
// runs, as one JSON object. It may hold secrets of that run.
const RunFile = "run.environment"

// defaultDataDir is where make run keeps everything.
const defaultDataDir = ".data"

// CommandEnvironment returns the variables for a command that is no role. Without a
// DATABASE_URL they are completed by those of the development run of DATA_DIR, if there is
// one; a variable that is set stays as it is.
func CommandEnvironment() map[string]string {
	own := Environment()
	if own["DATABASE_URL"] != "" {
		return own
	}
	text, err := os.ReadFile(filepath.Join(cmp.Or(own["DATA_DIR"], defaultDataDir), RunFile))
	if err != nil {
		return own // there is no run, and what is missing is named
	}
	var run map[string]string
	if json.Unmarshal(text, &run) != nil {
		return own
	}
	for name, value := range run {
		if own[name] == "" {
			own[name] = value
		}
	}
	return own
}
