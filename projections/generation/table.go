package generation

import "strings"

// Table is a table of the read model as its view shows it.
type Table struct {
	Name    string
	Columns []string // of the view, in its order, as SQL names them
	Key     []string // the columns by which a row is found; they may be ones that the view lacks
	Shown   []string // the columns that name a row to people; all are in Columns
}

// Tables are all tables but the checkpoint. A view may get further columns behind these,
// and never loses one.
var Tables = []Table{
	table("fact_index", `"commit" prepare day actor source pair`, `"commit" prepare`),
	table("mapping", `id pair type_sequence mapping_type correlation position since until`, `id position`),
	// The id of a merge is that of a message, which is shown to nobody.
	table("merge", `removed survivor position taken_back`, `removed position`),
	table("non_association", `id pair first_number second_number when_created when_updated expires deleted
		type_sequence differs_since delivered_at delivered_revision shortened`, `id`),
	table("pair", `pair state`, `pair`),
	table("prisoner", `prisoner_number document`, `prisoner_number`),
}

func table(name, columns, key string) Table {
	return Table{Name: name, Columns: strings.Fields(columns), Key: strings.Fields(key), Shown: strings.Fields(key)}
}

// checkpointView shows the row in snapshots of its own time alone. A reader whose
// snapshot is older than a flip, and who finds the new views all the same, sees no row:
// the tables of its snapshot may be older than those that it has read before.
const checkpointView = `CREATE OR REPLACE VIEW read.checkpoint AS
	SELECT {generation} AS version, store_id, "commit", prepare, event_id, event_stream, event_revision, facts, trail, shape, renewals
	FROM {schema}.checkpoint WHERE answers;`

// viewsSQL makes or replaces all views of a generation.
func viewsSQL(n Number) string {
	var b strings.Builder
	b.WriteString("CREATE SCHEMA IF NOT EXISTS read;\n" + checkpointView)
	for _, t := range Tables {
		b.WriteString("\nCREATE OR REPLACE VIEW read." + t.Name + " AS SELECT " + strings.Join(t.Columns, ", ") + " FROM {schema}." + t.Name + ";")
	}
	return n.SQL(b.String())
}
