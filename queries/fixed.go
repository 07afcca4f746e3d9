package queries

// IsFixed reports whether a record keeps the field's value for ever. A list that
// is sorted by another field cannot be walked from place to place: a record
// whose value changes between two pages may jump over the reader's place, and is
// then missed though it was there all the time.
//
// The id alone is fixed. NOMIS amends the effective date, and with it
// whenCreated and the end; every change moves whenUpdated; closing and reopening
// move closedAt; a merge of prisoner numbers moves both numbers.
func (f SortField) IsFixed() bool { return f == ByID }
