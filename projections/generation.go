package projections

import (
	"strconv"
	"strings"
)

// Generation numbers one build of the read model, from 1. Its tables are in the
// Postgres schema read_<n>, so that two generations can exist side by side while the
// second one is being built.
type Generation int

// CurrentGeneration is the generation that this service builds. It changes with the
// first rebuild beside a read model that goes on answering.
const CurrentGeneration Generation = 1

// Schema returns the name of the generation's Postgres schema. The lease of its
// projector has the same name.
func (g Generation) Schema() string { return "read_" + strconv.Itoa(int(g)) }

// sql fills in the parameters of a statement: {schema} becomes the name of the
// generation's schema, {generation} its number.
//
// Postgres takes no parameter where the name of a table stands, so the text itself is
// filled in. That is safe: both values come from a number.
func (g Generation) sql(template string) string {
	template = strings.ReplaceAll(template, "{schema}", g.Schema())
	return strings.ReplaceAll(template, "{generation}", strconv.Itoa(int(g)))
}
