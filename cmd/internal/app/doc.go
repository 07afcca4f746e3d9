// Package app wires the rooms of the house into the roles that run:
// serving requests and running projections, each alone or both in one process.
// It holds no rules of its own, only order: what starts before what, what stops
// after what, and what a process may do before it knows whose log it reads.
package app
