package domain

import (
	"slices"
	"strings"
)

// Beside the streams of pairs the log holds one of each prisoner number that was
// merged, and that of the switch-over.
const (
	prisonerPrefix   = "prisoner-"
	switchOverPrefix = "switchOver"
)

// StreamPrefixes returns the beginnings of the names of all streams with facts of this
// service: of pairs, of merged prisoners and of the switch-over. The caller owns the
// list.
func StreamPrefixes() []string {
	return []string{StreamPrefix, prisonerPrefix, switchOverPrefix}
}

// IsOurs reports whether a stream holds facts of this service. A shared log may have
// others.
func IsOurs(stream string) bool {
	return slices.ContainsFunc(StreamPrefixes(), func(prefix string) bool { return strings.HasPrefix(stream, prefix) })
}
