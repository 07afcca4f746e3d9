// Package directory asks the Prisoner Search service who a prisoner number is:
// name, prison and cell. The service may be down, slow, or lie; none of that
// holds up a request of ours for more than three seconds, and nothing that it
// says of one number is shown with another.
package directory
