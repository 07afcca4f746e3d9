package app

import (
	"context"

	"github.com/jackc/pgx/v5"

	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

// Right is a grant for tests outside, which take it away.
type Right struct{ Privilege, Kind, Schema, Name, Words string }

// Requirement is what a process must be granted at an address.
type Requirement struct {
	DSN    string
	Rights []Right

	of requirement
}

// Check is the check of this address with which a process starts, in a session of its login.
func (r Requirement) Check(ctx context.Context, conn *pgx.Conn) error { return r.of.checkIn(ctx, conn) }

func shown(all requirements) []Requirement {
	var out []Requirement
	for _, of := range all {
		n := Requirement{DSN: of.dsn, of: of}
		for _, g := range of.grants {
			if g.schema == eachGeneration {
				g.schema = "read_1" // which is there in these tests
			}
			n.Rights = append(n.Rights, Right{g.privilege, g.kind, g.schema, g.name, g.String()})
		}
		out = append(out, n)
	}
	return out
}

// Requirements are those of a process that runs without end.
func Requirements(o Options) []Requirement { return shown(o.requirements()) }

// CheckGrants is the check with which a process starts that runs without end.
func CheckGrants(ctx context.Context, o Options) error { return checkAllGrants(ctx, o.requirements()) }

// CommandRequirements are those of each command by its name.
func CommandRequirements(c Config) map[string][]Requirement {
	return map[string][]Requirement{
		"schema up":           shown(c.requirementsOf(grantsOfLogSchema, grantsOfSchemas)),
		"rebuild":             shown(c.requirementsOf(grantsOfLog, grantsOfRebuilding)),
		"rebuild --adopt":     shown(c.requirementsOf(grantsOfLog, grantsOfAdopting)),
		"publish status":      shown(c.requirementsOf(grantsOfLog, grantsOfPublishStatus)),
		"parked list":         shown(c.requirementsOf(nil, grantsOfPublishStatus)),
		"parked retry":        shown(c.requirementsOf(nil, grantsOfParkedOps)),
		"parked skip":         shown(c.requirementsOf(nil, grantsOfParkedOps)),
		"publish replay":      shown(c.requirementsOf(grantsOfLog, nil)),
		"verify":              shown(c.requirementsOf(grantsOfLog, grantsOfComparing)),
		"nomis unmerge":       shown(c.requirementsOf(grantsOfAppend, nil)),
		"migrate":             shown(c.requirementsOf(nil, grantsOfMigrationOps)),
		"migrate sheet":       shown(c.requirementsOf(grantsOfLog, grantsOfSheets)),
		"nomis resume":        shown(c.requirementsOf(nil, grantsOfResuming)),
		"mapping check":       shown(c.requirementsOf(grantsOfLog, nil)),
		"archive write":       shown(c.requirementsOf(grantsOfLog, grantsOfArchiving)),
		"replay":              shown(c.requirementsOf(grantsOfLog, nil)),
		"show --get":          shown(c.requirementsOf(grantsOfLog, nil)),
		"show --request":      shown(c.requirementsOf(grantsOfLog, grantsOfShowing)),
		"verify log":          shown(c.requirementsOf(grantsOfLog, grantsOfProving)),
		"rehearse":            shown(c.rehearsing()),
		"screens prune-views": shown(c.requirementsOf(nil, grantsOfPruningViews)),
		"export":              shown(c.requirementsOf(grantsOfLog, grantsOfExporting)),
	}
}

// Problems is what the API answers of a record's delivery to NOMIS.
func Problems(kept *store.Store) api.Problems { return nomisProblems{kept} }
