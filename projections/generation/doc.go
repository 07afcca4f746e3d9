// Package generation says which generations of the read model there are, which of them
// answers, and lets another one answer.
//
// Generation n has its tables in the schema read_<n>. The schema read has views on the
// generation that answers. A flip replaces all views in one transaction. A generation
// that answered before is kept: the row of its checkpoint says so, and refuses to move.
package generation
