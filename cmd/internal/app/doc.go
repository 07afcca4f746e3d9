// Package app wires the packages of the service into the roles that a process runs:
// serve, project, publish and listen, alone or several in one process. It reads the
// configuration, opens what a role needs, starts it and stops it in order.
//
// It has no business rules. What it decides is order: what starts before what, what
// stops after what, and what a process may do before it knows the identity of its log.
package app
