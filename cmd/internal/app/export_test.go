package app

// Right is a grant for tests outside, which take it away.
type Right struct{ Privilege, Kind, Schema, Name, Words string }

// Need is what a process must be granted at an address.
type Need struct {
	DSN    string
	Rights []Right
}

func shown(all needs) []Need {
	var out []Need
	for _, of := range all {
		n := Need{DSN: of.dsn}
		for _, g := range of.grants {
			n.Rights = append(n.Rights, Right{g.privilege, g.kind, g.schema, g.name, g.String()})
		}
		out = append(out, n)
	}
	return out
}

// Needs are those of a process that runs without end.
func Needs(o Options) []Need { return shown(o.needs()) }

// CommandNeeds are those of each command by its name.
func CommandNeeds(c Config) map[string][]Need {
	return map[string][]Need{
		"schema up":       shown(c.needsOf(grantsOfLogSchema, grantsOfSchemas)),
		"rebuild":         shown(c.needsOf(grantsOfLog, grantsOfRebuilding)),
		"rebuild --adopt": shown(c.needsOf(grantsOfLog, grantsOfAdopting)),
		"publish status":  shown(c.needsOf(grantsOfLog, grantsOfPublishStatus)),
		"parked list":     shown(c.needsOf(nil, grantsOfPublishStatus)),
		"parked retry":    shown(c.needsOf(nil, grantsOfParkedOps)),
		"parked skip":     shown(c.needsOf(nil, grantsOfParkedOps)),
		"publish replay":  shown(c.needsOf(grantsOfLog, nil)),
		"verify":          shown(c.needsOf(grantsOfLog, grantsOfVerifying)),
		"nomis unmerge":   shown(c.needsOf(grantsOfAppend, nil)),
	}
}
