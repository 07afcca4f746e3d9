package domain

import "slices"

// OwnSince returns the values that a field has had here since the revision of its base,
// oldest first. Without a base it returns all of them.
func (e Exchange) OwnSince(f DetailField) []*string {
	return e.ownFrom(e.since(f), f)
}

// OwnWhileHeld returns the values that a field has had here since NOMIS first held its base,
// as far as NOMIS is not known to have held another one in between, oldest first. A write of
// one of them may still be on its way.
func (e Exchange) OwnWhileHeld(f DetailField) []*string {
	b, known := e.base[f]
	if !known {
		return e.OwnSince(f)
	}
	return e.ownFrom(e.at(b.first), f)
}

// ownFrom returns the values of a field that a transfer brought along, and those of the
// forms from an index on, each once.
func (e Exchange) ownFrom(index int, f DetailField) []*string {
	values := slices.Clone(e.carried[f])
	for _, form := range e.forms[index:] {
		if value := form.detail.Get(f); !slices.ContainsFunc(values, func(v *string) bool { return equalText(v, value) }) {
			values = append(values, value)
		}
	}
	return values
}

// FormsSince returns the details that the record has been since the oldest revision of
// its base, oldest first. Without a base it returns all of them.
func (e Exchange) FormsSince() []Detail {
	first := len(e.forms)
	for f := range e.base {
		first = min(first, e.since(f))
	}
	if len(e.base) == 0 {
		first = 0
	}
	return e.Forms()[first:]
}

// Forms returns every detail that the record has been in this pair, oldest first.
func (e Exchange) Forms() []Detail {
	details := make([]Detail, len(e.forms))
	for i, form := range e.forms {
		details[i] = form.detail
	}
	return details
}

// UnheldForms returns the details that the record was before NOMIS was first known to
// hold it, oldest first. Only these can have been created in NOMIS.
func (e Exchange) UnheldForms() []Detail { return e.Forms()[:e.unheld] }

// since returns the index of the form that the record had at the revision of a field's
// base, 0 without one.
func (e Exchange) since(f DetailField) int {
	b, known := e.base[f]
	if !known {
		return 0
	}
	return e.at(b.revision)
}

// at returns the index of the form that the record had at a revision.
func (e Exchange) at(revision uint64) int {
	later := slices.IndexFunc(e.forms, func(form form) bool { return form.revision > revision })
	if later < 0 {
		later = len(e.forms)
	}
	return max(0, later-1)
}
