package main

import (
	"errors"

	"nonassociations/cmd/internal/app"
)

// exitError ends the process with a status other than 1. A nil error prints nothing:
// another program has printed what is wrong already. fail reads the status.
type exitError struct {
	error

	status int
}

// Error returns the text to print, "" for none. An exitError without a cause is valid,
// so it cannot rely on the embedded error.
func (e exitError) Error() string {
	if e.error == nil {
		return ""
	}
	return e.error.Error()
}

// ExitCode returns the status for fail.
func (e exitError) ExitCode() int { return e.status }

// Unwrap returns the cause, nil for none.
func (e exitError) Unwrap() error { return e.error }

// exitUnknown gives a check the status 2 when it could not be made. Monitoring must
// not take such a result for a bad one.
func exitUnknown(err error) error {
	if errors.Is(err, app.ErrRightsUnknown) {
		return exitError{err, 2}
	}
	return err
}
