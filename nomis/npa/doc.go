// Package npa calls the NOMIS Prisoner API: the rows of a pair in both mirrors, the pairs
// that there are, and writes of one non-association. NOMIS stores each twice, so both
// mirrors are read, and one write changes both.
//
// NOMIS is a database that the whole country shares. All callers of a process therefore
// share one rate, and requests are counted by what they were made for. An answer is
// believed only in the API's own form: what a gateway or a proxy says is never taken for
// what NOMIS holds.
package npa
