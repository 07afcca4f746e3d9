package generation

import (
	"strconv"
	"strings"
)

// Number numbers one build of the read model, from First. Each rebuild takes the next
// one. The zero Number means none.
type Number int

const (
	// First is the number of the first build.
	First Number = 1
	// Verification is a generation that is built to be compared and is then dropped. It
	// never answers.
	Verification Number = -1
)

// Shape grows with every change of what the tables mean. A build follows and shows
// tables of its own shape alone.
const Shape = 1

// Schema returns the name of the generation's Postgres schema. The lease of whoever
// writes it has the same name.
func (n Number) Schema() string {
	if n == Verification {
		return "read_verify"
	}
	return "read_" + strconv.Itoa(int(n))
}

// SQL fills in the parameters of a statement: {schema} becomes the name of the
// generation's schema, {generation} its number, {shape} the Shape of this build.
//
// Postgres takes no parameter where the name of a table stands, so the text itself is
// filled in. That is safe: all values come from numbers.
func (n Number) SQL(template string) string {
	return strings.NewReplacer("{schema}", n.Schema(), "{generation}", strconv.Itoa(int(n)), "{shape}", strconv.Itoa(Shape)).Replace(template)
}
