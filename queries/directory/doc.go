// Package directory looks prisoners up in the Prisoner Search service: name, prison and
// cell of a prisoner number.
//
// The service may be down, slow or wrong. A request of ours waits for it for no longer
// than three seconds, and an answer for one number is never shown with another.
package directory
