package api

import (
	"runtime/debug"

	"github.com/go-json-experiment/json"

	"nonassociations/web/shape"
)

// serviceName is the name in /info.
const serviceName = "nonassociations"

// infoOf returns what the toolchain stamped into the binary.
func infoOf(version string) []byte {
	i := shape.Info{Build: shape.Build{Name: serviceName, Version: version}}
	if build, known := debug.ReadBuildInfo(); known {
		if version == "" {
			i.Build.Version = build.Main.Version
		}
		// A binary that was built outside of a checkout has no such settings, and the
		// fields stay empty.
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
