package testdb

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Dump writes the database into a file of the test, as pg_dump does for an operator, and
// returns its path. The server goes on meanwhile.
func (s *Server) Dump(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump")
	s.program(t, "pg_dump", "--format=custom", "--file="+file, s.dsn)
	return file
}

// Load fills the database, which must be empty, from a dump. Roles are the server's and in no
// dump, so owners and rights are left out.
func (s *Server) Load(t testing.TB, dump string) {
	t.Helper()
	s.program(t, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--dbname="+s.dsn, dump)
}

// program runs a program that came with this Postgres.
func (s *Server) program(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.running.BinDir(), name), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}
