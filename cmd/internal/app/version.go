package app

import "runtime/debug"

// commit is set by the linker where a build has no repository, as that of an image.
var commit string

// Version returns the commit of this build, "unknown" where the build has none. A plus
// sign marks a working tree with changes.
func Version() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return "unknown"
	}
	if settings["vcs.modified"] == "true" {
		revision += "+"
	}
	return revision
}
