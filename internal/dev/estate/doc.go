// Package estate makes up a prison estate for demonstrations, benchmarks and
// the stand-in of the prisoner directory: prisons, prisoners and what keeps
// them apart, the same for the same seed and size, on every machine and day.
// Every name is put together from invented syllables.
//
// Nothing in it depends on the clock. What is over lies before 2025, what is
// still to come after 2034, so that a second loading sends exactly what the
// first one sent.
package estate
