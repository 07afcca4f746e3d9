package main_test

import (
	"testing"

	"nonassociations/internal/dev/freeport"
)

// freePort returns a port that is free with those of the screens and of NOMIS behind it.
func freePort(t *testing.T) int {
	t.Helper()
	return freeport.New(t, 1000, 1500)
}
