package app

import "slices"

// grant is one right in Postgres, in the words of the GRANT statement.
type grant struct {
	privilege string // SELECT …; membership is the right to do all that an owner may
	kind      string // TABLE, SCHEMA, FUNCTION or DATABASE
	schema    string // "" for the database of the connection
	name      string // "" for the schema itself
}

const (
	// membership is the privilege of the owner's role: it makes, alters and drops.
	membership = "OWNERSHIP"

	database = "DATABASE"
	schema   = "SCHEMA"
)

// String returns the right as an error names it and as GRANT takes it.
func (g grant) String() string {
	switch {
	case g.kind == database:
		return g.privilege + " ON DATABASE"
	case g.name == "":
		return g.privilege + " ON SCHEMA " + g.schema
	}
	return g.privilege + " ON " + g.kind + " " + g.schema + "." + g.name
}

// in names the right in one of the schemas that eachGeneration stands for.
func (g grant) in(schema string) string {
	if g.schema == eachGeneration && schema != "" {
		g.schema = schema
	}
	return g.String()
}

// schemaUse is the right to use a schema, without which no right in it counts.
func schemaUse(name string) grant { return grant{"USAGE", schema, name, ""} }

// owned is the membership in the role that owns a schema.
func owned(name string) grant { return grant{membership, schema, name, ""} }

// eachGeneration stands for the schemas of all generations of the read model.
const eachGeneration = "read_N"

// create is the right to make schemas.
var create = grant{"CREATE", database, "", ""}

// tables returns several rights on one table.
func tables(of, name string, privileges ...string) []grant {
	all := make([]grant, len(privileges))
	for i, privilege := range privileges {
		all[i] = grant{privilege, "TABLE", of, name}
	}
	return all
}

// What each kind of work needs of Postgres. deploy/postgres/roles.sql gives
// these and no others, and a test holds the two together.
var (
	grantsOfLog    = append(tables("eventstore", "events", "SELECT"), schemaUse("eventstore"))
	grantsOfAppend = append(slices.Clone(grantsOfLog), grant{"EXECUTE", "FUNCTION", "eventstore", "append"})

	// To read which log the durable tables belong to.
	grantsOfBinding = slices.Concat(
		tables("commands", "log", "SELECT"), tables("publisher", "checkpoint", "SELECT"),
		tables("consumer", "status", "SELECT"), []grant{schemaUse("commands"), schemaUse("publisher"), schemaUse("consumer")},
	)
	// To read the status of the consumers, and to write the rows of this process.
	grantsOfWatching  = append(tables("consumer", "status", "SELECT"), schemaUse("consumer"))
	grantsOfConsuming = append(slices.Clone(grantsOfWatching), tables("consumer", "status", "INSERT", "UPDATE")...)
	grantsOfVerifying = append(tables(eachGeneration, "checkpoint", "SELECT"), schemaUse(eachGeneration))
	grantsOfListening = slices.Concat(grantsOfBinding, grantsOfVerifying)
	grantsOfServing   = slices.Concat(
		grantsOfListening, tables("commands", "idempotency_keys", "SELECT", "INSERT", "UPDATE", "DELETE"), tables("commands", "log", "INSERT"),
	)
	// To ring, to keep evidence, to stop, and to keep differences.
	grantsOfTurns = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "due_pair", "SELECT", "INSERT", "UPDATE", "DELETE"),
		tables("nomis", "prisoner_message", "SELECT", "INSERT"), tables("nomis", "brake", "SELECT", "INSERT", "UPDATE"),
		tables("nomis", "difference", "SELECT", "INSERT", "UPDATE"), tables("nomis", "given_back", "SELECT", "INSERT", "UPDATE", "DELETE"),
		tables("nomis", "restored_pair", "SELECT", "UPDATE", "DELETE"), tables("nomis", "own_author", "SELECT", "INSERT"),
		tables("nomis", "touched_pair", "SELECT", "INSERT", "UPDATE", "DELETE"), tables("nomis", "found_edit", "INSERT"),
	)
	// To let turns go on, and to ring for the pairs that were counted.
	grantsOfResuming = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "brake", "SELECT", "UPDATE"), tables("nomis", "given_back", "SELECT", "DELETE"),
		tables("nomis", "restored_pair", "SELECT", "INSERT", "UPDATE", "DELETE"), tables("nomis", "due_pair", "SELECT", "INSERT", "UPDATE"),
		tables("nomis", "touched_pair", "SELECT", "INSERT", "UPDATE"),
	)
	// To request reconciliations, to carry them out and to repair what they find.
	grantsOfReconciling = slices.Concat(
		grantsOfTurns, tables("nomis", "reconciliation", "SELECT", "INSERT", "UPDATE"),
		tables("nomis", "reconciliation_pair", "SELECT", "INSERT", "UPDATE", "DELETE"), tables("nomis", "repair_plan", "SELECT", "INSERT"),
	)
	// To request and see migrations, to carry them out, and to draw up their sheets.
	grantsOfMigrationOps = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "migration", "SELECT", "INSERT", "UPDATE"), tables("nomis", "migration_pair", "SELECT"),
	)
	grantsOfMigrating = append(slices.Clone(grantsOfMigrationOps), tables("nomis", "migration_pair", "INSERT", "UPDATE", "DELETE")...)
	grantsOfSheets    = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "migration", "SELECT"), tables("nomis", "migration_pair", "SELECT"),
		tables("nomis", "brake", "SELECT"), tables("nomis", "difference", "SELECT"),
	)
	grantsOfQueues = append(tables("nomis", "purged_message", "INSERT"), schemaUse("nomis"))
	// To count the callers of the legacy list, and to know prisons and their differences.
	grantsOfLegacy = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "legacy_caller", "SELECT", "INSERT", "UPDATE"),
		grantsOfKnownPrisons, tables("nomis", "difference", "SELECT"), tables("nomis", "prison_edit", "SELECT"),
		tables("nomis", "prison_edit_checkpoint", "SELECT"),
	)
	grantsOfKnownPrisons = append(tables("nomis", "known_prison", "SELECT", "INSERT", "UPDATE"), schemaUse("nomis"))
	// To remove old messages.
	grantsOfPruning = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "prisoner_message", "SELECT", "DELETE"), tables("nomis", "purged_message", "SELECT", "DELETE"),
	)
	// To make differences of what NOMIS told while its changes were not allowed. The rest is
	// that of turns.
	grantsOfSwitched = append(tables("nomis", "switched_checkpoint", "SELECT", "INSERT", "UPDATE"), schemaUse("nomis"))
	// To count what NOMIS's staff change. The rest is that of turns.
	grantsOfCountingEdits = slices.Concat(
		[]grant{schemaUse("nomis")}, tables("nomis", "prison_edit", "SELECT", "INSERT", "UPDATE", "DELETE"),
		tables("nomis", "prison_edit_checkpoint", "SELECT", "INSERT", "UPDATE"), tables("nomis", "found_edit", "SELECT", "DELETE"),
	)
	// To grow the tree and to sign its heads, and to show it.
	grantsOfSigning = slices.Concat(
		[]grant{schemaUse("evidence")}, tables("evidence", "leaf", "SELECT", "INSERT"), tables("evidence", "node", "SELECT", "INSERT"),
		tables("evidence", "head", "SELECT", "INSERT"), tables("evidence", "cosignature", "SELECT", "INSERT"),
		tables("evidence", "tree", "SELECT", "INSERT", "UPDATE"), tables("evidence", "refusal", "SELECT", "INSERT", "UPDATE"),
		tables("evidence", "check", "SELECT", "INSERT"),
	)
	grantsOfProving = slices.Concat(
		[]grant{schemaUse("evidence")}, tables("evidence", "leaf", "SELECT"), tables("evidence", "node", "SELECT"),
		tables("evidence", "head", "SELECT"), tables("evidence", "cosignature", "SELECT"), tables("evidence", "tree", "SELECT"),
	)
	// To add what an operator did, and to show it.
	grantsOfActing  = append(tables("evidence", "action", "INSERT"), schemaUse("evidence"))
	grantsOfActions = append(slices.Clone(grantsOfActing), tables("evidence", "action", "SELECT")...)
	// To archive the newest head.
	grantsOfArchiving = slices.Concat(
		[]grant{schemaUse("evidence")}, tables("evidence", "head", "SELECT"), tables("evidence", "cosignature", "SELECT"),
	)
	grantsOfReading = slices.Concat(
		[]grant{schemaUse("read")},
		tables("read", "checkpoint", "SELECT"), tables("read", "fact_index", "SELECT"), tables("read", "mapping", "SELECT"),
		tables("read", "merge", "SELECT"),
		tables("read", "non_association", "SELECT"),
		tables("read", "pair", "SELECT"), tables("read", "prisoner", "SELECT"),
	)
	// To compare the states of the answering read model.
	grantsOfRehearsing = slices.Concat([]grant{schemaUse("read")}, tables("read", "checkpoint", "SELECT"), tables("read", "pair", "SELECT"))
	grantsOfProjecting = []grant{
		create, owned("read"), owned(eachGeneration),
	}
	// To compare the read model with one that is built for it.
	grantsOfComparing  = append(slices.Clone(grantsOfReading), create)
	grantsOfPublishing = slices.Concat(
		[]grant{schemaUse("publisher")}, tables("publisher", "checkpoint", "SELECT", "INSERT", "UPDATE"),
		tables("publisher", "parked", "SELECT", "INSERT", "UPDATE", "DELETE"),
	)
	grantsOfPublishStatus = slices.Concat(
		[]grant{schemaUse("publisher")}, tables("publisher", "checkpoint", "SELECT"), tables("publisher", "parked", "SELECT"),
	)
	grantsOfParkedOps = append(slices.Clone(grantsOfPublishStatus), tables("publisher", "parked", "UPDATE")...)
	// To keep sessions, to record views and send them, and to show and decide on parked
	// messages. No page changes or removes a view.
	grantsOfScreens = slices.Concat(
		[]grant{schemaUse("screens")}, tables("screens", "session", "SELECT", "INSERT", "UPDATE", "DELETE"),
		tables("screens", "sign_in_attempt", "SELECT", "INSERT", "DELETE"), tables("screens", "kept_form", "SELECT", "INSERT", "DELETE"),
		tables("screens", "view", "SELECT", "INSERT"), tables("screens", "unsent_view", "SELECT", "INSERT", "UPDATE", "DELETE"),
		grantsOfActions, grantsOfParkedOps,
	)
	// To find the view of a request.
	grantsOfShowing = append(tables("screens", "view", "SELECT"), schemaUse("screens"))
	// To remove old views, which is an act.
	grantsOfPruningViews = slices.Concat(
		[]grant{schemaUse("screens")}, tables("screens", "view", "SELECT", "DELETE"), tables("screens", "unsent_view", "SELECT"), grantsOfActing,
	)
	grantsOfRebuilding = grantsOfProjecting
	// To prove facts, to record an export as a view, and to show who looked.
	grantsOfExporting = slices.Concat(
		[]grant{schemaUse("screens"), schemaUse("evidence")}, tables("screens", "view", "SELECT", "INSERT"), tables("screens", "unsent_view", "INSERT"),
		tables("evidence", "leaf", "SELECT"), tables("evidence", "node", "SELECT"), tables("evidence", "head", "SELECT"),
		tables("evidence", "cosignature", "SELECT"), grantsOfActing,
	)
	grantsOfAdopting = slices.Concat(
		grantsOfProjecting, grantsOfBinding, tables("commands", "idempotency_keys", "DELETE"), tables("commands", "log", "INSERT", "UPDATE"),
		tables("publisher", "checkpoint", "DELETE"), tables("publisher", "parked", "DELETE"), tables("consumer", "status", "DELETE"),
	)
	grantsOfLogSchema = []grant{create, owned("eventstore")}
	grantsOfSchemas   = []grant{
		create, owned("commands"), owned("publisher"), owned("consumer"), owned("nomis"), owned("screens"), owned("evidence"),
	}
)

// requirement is what a process must be granted at one address.
type requirement struct {
	dsn    string
	grants []grant
}

// requirements are grouped by address: one login may do several kinds of work, and is
// then checked once for all of them.
type requirements []requirement

// add adds rights at an address, each once.
func (n *requirements) add(dsn string, grants []grant) {
	if dsn == "" {
		return // an EventStoreDB, which has rights of its own
	}
	at := slices.IndexFunc(*n, func(of requirement) bool { return of.dsn == dsn })
	if at < 0 {
		*n = append(*n, requirement{dsn: dsn})
		at = len(*n) - 1
	}
	for _, g := range grants {
		if !slices.Contains((*n)[at].grants, g) {
			(*n)[at].grants = append((*n)[at].grants, g)
		}
	}
}

// requirements returns what a process with these roles needs. They are checked before
// any work begins, because a right that is missed in the middle of it looks like an
// outage.
func (o Options) requirements() requirements {
	var all requirements
	log, dsn := o.Config.logDSN(), o.Config.DatabaseURL
	if o.Roles.withNOMIS() {
		all.add(log, grantsOfAppend)
		all.add(dsn, grantsOfListening)
		all.add(o.Config.readDSN(), grantsOfReading)
	}
	if o.Roles.answers() {
		all.add(o.Config.readDSN(), grantsOfProving)
		all.add(dsn, grantsOfServing)
		all.add(dsn, grantsOfQueues)
		all.add(dsn, grantsOfTurns)
		all.add(dsn, grantsOfReconciling)
		all.add(dsn, grantsOfMigrationOps)
		all.add(dsn, grantsOfLegacy)
	}
	if o.Roles.Screens {
		all.add(dsn, grantsOfScreens)
	}
	if o.Roles.Listen {
		all.add(dsn, grantsOfTurns)
	}
	if o.Roles.Work {
		all.add(dsn, grantsOfMigrating)
		all.add(dsn, grantsOfReconciling)
		all.add(dsn, grantsOfKnownPrisons)
		all.add(dsn, grantsOfSwitched)
		all.add(dsn, grantsOfCountingEdits)
		all.add(dsn, grantsOfPruning)
	}
	all.add(dsn, grantsOfWatching)
	all.add(dsn, grantsOfActing)
	if o.Roles.Project || o.Roles.Publish || o.Roles.Listen || o.Roles.Work || o.Roles.Sign {
		all.add(dsn, grantsOfConsuming)
	}
	if o.Roles.Sign {
		all.add(log, grantsOfLog)
		all.add(dsn, grantsOfSigning)
		all.add(dsn, grantsOfComparing)
	}
	if o.Roles.Project {
		all.add(log, grantsOfLog)
		all.add(dsn, grantsOfProjecting)
	}
	if o.Roles.Publish {
		all.add(log, grantsOfLog)
		all.add(dsn, grantsOfPublishing)
	}
	return all
}

// requirementsOf returns what a command needs: rights on the log and rights at
// DATABASE_URL. nil stands for none.
func (c Config) requirementsOf(log, dsn []grant) requirements {
	var all requirements
	if log != nil {
		all.add(c.logDSN(), log)
	}
	if dsn != nil {
		all.add(c.DatabaseURL, dsn)
	}
	return all
}
