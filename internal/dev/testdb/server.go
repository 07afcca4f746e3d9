package testdb

import (
	"context"
	"sync"
	"testing"

	"nonassociations/internal/dev/localpg"
)

// Server is a Postgres of one test alone, for tests of outages. It can be stopped and
// started again at the same address with the same data. A crash of the server loses no
// commit.
type Server struct {
	options localpg.Options
	running *localpg.Server
	dsn     string
}

// NewServer starts a Postgres for this test alone with one empty database.
func NewServer(t testing.TB) *Server {
	t.Helper()
	dir, err := reapedDir()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{options: localpg.Options{Dir: dir, Durable: true, Templates: templates()}}
	s.Start(t)
	if s.dsn, err = s.running.EnsureDatabase(context.Background(), "outage"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// DSN is the address of the database; it stays the same over a restart.
func (s *Server) DSN() string { return s.dsn }

// Database creates an empty database beside that of DSN and returns its address.
func (s *Server) Database(t testing.TB, name string) string {
	t.Helper()
	dsn, err := s.running.EnsureDatabase(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Start brings a stopped server up again and returns when it serves.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.running != nil {
		return
	}
	running, err := localpg.Start(context.Background(), s.options)
	if err != nil {
		t.Fatalf("start Postgres: %v", err)
	}
	s.running = running
}

// Stop shuts the server down in order; connections are cut.
func (s *Server) Stop(t testing.TB) { s.end(t, (*localpg.Server).Stop) }

// Crash ends the server at once, as a fault would.
func (s *Server) Crash(t testing.TB) { s.end(t, (*localpg.Server).Crash) }

// Suspend makes the server hang: it takes connections and answers none, until
// the function that it returns is called, or the test ends.
func (s *Server) Suspend(t testing.TB) (resume func()) {
	t.Helper()
	suspended := s.running
	suspended.Suspend()
	resume = sync.OnceFunc(suspended.Resume)
	t.Cleanup(resume)
	return resume
}

// end stops the server in one way.
func (s *Server) end(t testing.TB, how func(*localpg.Server, context.Context) error) {
	t.Helper()
	if s.running == nil {
		return
	}
	if err := how(s.running, context.Background()); err != nil {
		t.Errorf("stop Postgres: %v", err)
	}
	s.running = nil
}

// Standby starts a hot standby of this server, which ends with the test.
func (s *Server) Standby(t testing.TB) *Standby {
	t.Helper()
	dir, err := reapedDir()
	if err != nil {
		t.Fatal(err)
	}
	running, err := s.running.Standby(context.Background(), localpg.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(context.Background()); err != nil {
			t.Errorf("stop the standby: %v", err)
		}
	})
	return &Standby{running}
}

// Standby is a server that follows another one.
type Standby struct{ running *localpg.Server }

// DSN is the address of the database there.
func (s *Standby) DSN() string { return s.running.DSN("outage") }

// Promote makes it a server of its own.
func (s *Standby) Promote(t testing.TB) {
	t.Helper()
	if err := s.running.Promote(context.Background()); err != nil {
		t.Fatal(err)
	}
}
