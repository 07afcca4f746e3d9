package screens

// involved is one of the two prisoners of a record. Two people may have one name, so the
// number stands beside it.
type involved struct {
	WithNumber  string
	Whereabouts string // "" when that is not known
}

// involvedIn returns the two prisoners of a record, in the order of the page.
func involvedIn(everybody people, both ...person) []involved {
	all := make([]involved, len(both))
	for i, p := range both {
		all[i] = involved{withNumber(p), whereIs(everybody, p)}
	}
	return all
}

// whereIs returns where a prisoner is: "A-1-001 in Example A (HMP)", "Transfer"; "" while
// that is not known.
func whereIs(everybody people, p person) string {
	switch {
	case everybody.away || p.PrisonID == "":
		return ""
	case p.prison().IsPrison():
		return joined(p.place(), "in", establishment(p))
	}
	return p.place()
}
