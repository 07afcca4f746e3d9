package api

import (
	"runtime/debug"

	"github.com/go-json-experiment/json"
)

// serviceName is the name in /info.
const serviceName = "nonassociations"

type info struct {
	Build buildInfo `json:"build"`
	Git   gitInfo   `json:"git"`
}

type buildInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type gitInfo struct {
	Commit commitInfo `json:"commit"`
}

type commitInfo struct {
	ID   string `json:"id"`
	Time string `json:"time"`
}

// infoOf is what the toolchain stamped into the binary; texts are empty where
// it was built outside a repository.
func infoOf(version string) []byte {
	i := info{Build: buildInfo{Name: serviceName, Version: version}}
	if build, known := debug.ReadBuildInfo(); known {
		if version == "" {
			i.Build.Version = build.Main.Version
		}
		for _, setting := range build.Settings {
			switch setting.Key {
			case "vcs.revision":
				i.Git.Commit.ID = setting.Value
			case "vcs.time":
				i.Git.Commit.Time = setting.Value
			}
		}
	}
	text, err := json.Marshal(i)
	if err != nil {
		panic("build information is not JSON: " + err.Error()) // a bug: texts only
	}
	return text
}
