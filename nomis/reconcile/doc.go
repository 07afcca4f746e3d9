// Package reconcile compares the two systems pair by pair and counts each non-association
// in one bucket. It uses the reading and the planner of a turn, so that a run finds a
// difference exactly where a turn would find something to do. A run writes to neither
// system; it keeps the differences that it finds. A person repairs or accepts them.
package reconcile
