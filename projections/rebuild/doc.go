// Package rebuild builds the next generation of the read model beside the one that
// answers, compares the two, and flips. It also renews single rows, and verifies.
//
// Everything is done by sessions of its own: reads and writes go on throughout.
package rebuild
