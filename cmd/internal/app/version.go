package app

import "runtime/debug"

// Version is the commit that this program was built from, "unknown" where the
// build did not say; a plus sign marks a tree with changes of its own.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	said := map[string]string{}
	for _, setting := range info.Settings {
		said[setting.Key] = setting.Value
	}
	revision := said["vcs.revision"]
	if revision == "" {
		return "unknown"
	}
	if said["vcs.modified"] == "true" {
		revision += "+"
	}
	return revision
}
