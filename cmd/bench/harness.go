package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/localpg"
	"nonassociations/internal/dev/token"
)

const audience = "nonassociations"

// user is who writes in all rows.
const user = "BENCH"

// The texts of every non-association. Their lengths are typical of NOMIS, since the size
// of an event is part of the price.
const (
	authorisedBy = "Blettugga Snokdle"
	commentText  = "Threats made through the cell window after lock-up."
)

// harness is the environment in which all rows are measured: Postgres, tokens, the
// service and counters. Its methods lie in the file of the row, or of the part, that
// they serve. Fields without a lock are set before the workers start.
type harness struct {
	runCmd

	dir     string // everything of this run
	server  string // DSN of any database of the Postgres used
	db      *pgx.Conn
	dsn     string // the database of this run
	issuer  *issuer.Server
	token   string
	header  []string
	closers []func(context.Context) error

	// service is nil while none runs. stopService and serve change it.
	service    *process
	bystander  *process // the bare handler or our own log, while it runs
	postmaster int      // process id, 0 when unknown
	address    string   // of the service
	// position is the highest that was acknowledged, see waitUntilIdle.
	position atomic.Uint64
	busy     atomic.Int64  // answers 503
	next     atomic.Uint64 // pairs that were used up
	lags     []float64     // seconds that the read model needed after a round
	// sample is an event as the service wrote it, for the baselines.
	sample sampleEvent
	// directory is where Prisoner Search is, "" for none: staff of the row nomis-write need
	// one.
	directory string
	// stocks are those that migratedStocks has made, the smaller one first.
	stocks []*stock
	// bulks counts the requests of the row migrate, which takes its numbers from it.
	bulks atomic.Uint64
}

// setUp makes a Postgres, or a database on the given one, and an issuer of tokens. After
// an error nothing is left running.
func setUp(ctx context.Context, c runCmd) (*harness, error) {
	s := &harness{runCmd: c}
	err := s.prepare(ctx)
	if err != nil {
		s.close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("set up: %w", err)
	}
	return s, nil
}

// prepare is setUp without the clean-up after an error. Each step that starts something
// registers its end in closers.
func (s *harness) prepare(ctx context.Context) error {
	var err error
	if s.dir, err = os.MkdirTemp("", "nonassociations-bench-"); err != nil {
		return err
	}
	s.closers = append(s.closers, func(context.Context) error { return os.RemoveAll(s.dir) })
	if s.Binary == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		s.Binary = filepath.Join(filepath.Dir(self), "nonassociations")
	}
	if _, err := os.Stat(s.Binary); err != nil && s.Profile == "" {
		return fmt.Errorf("the service's binary is missing (make build, or --binary): %w", err)
	}
	if s.Profile != "" {
		if err := os.MkdirAll(s.Profile, 0o755); err != nil { //nolint:gosec // profiles are no secret
			return err
		}
	}
	if err := s.startPostgres(ctx); err != nil {
		return err
	}
	if s.dsn, err = s.newDatabase(ctx); err != nil {
		return err
	}
	if s.db, err = pgx.Connect(ctx, s.dsn); err != nil {
		return err
	}
	s.closers = append(s.closers, s.db.Close)
	if err := s.startIssuer(ctx); err != nil {
		return err
	}
	return s.describe(ctx)
}

// startPostgres starts a durable Postgres unless DATABASE_URL names one: with fsync off
// both sides of a row would be faster, and not equally.
func (s *harness) startPostgres(ctx context.Context) error {
	if s.DatabaseURL != "" {
		s.server = s.DatabaseURL
		return nil
	}
	server, err := localpg.Start(ctx, localpg.Options{Dir: s.dir, Durable: true})
	if err != nil {
		return err
	}
	s.postmaster = server.PID()
	cluster := server.DataDir() // may lie elsewhere, behind a link
	s.closers = append(s.closers, func(ctx context.Context) error {
		return errors.Join(server.Stop(ctx), os.RemoveAll(filepath.Dir(cluster)))
	})
	s.server = server.DSN("postgres")
	return nil
}

// newDatabase creates a database that is dropped at the end. Its name has the process
// id, so that two runs can share a server. The dropping uses FORCE: a connection that a
// killed process left would otherwise keep it.
func (s *harness) newDatabase(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.server)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	name := fmt.Sprintf("bench_%d_%d", os.Getpid(), len(s.closers))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	s.closers = append(s.closers, func(ctx context.Context) error { return s.drop(ctx, name) })
	address, err := url.Parse(s.server)
	if err != nil || address.Scheme == "" {
		return "", errors.New("DATABASE_URL must be a URL (postgres://…)")
	}
	address.Path = "/" + name
	return address.String(), nil
}

// drop drops a database of a server that was there before this run.
func (s *harness) drop(ctx context.Context, name string) error {
	if s.DatabaseURL == "" {
		return nil // the whole server goes
	}
	conn, err := pgx.Connect(ctx, s.server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	return errors.Join(err, conn.Close(ctx))
}

// startIssuer serves a key set and signs the token of all requests. One token serves
// all requests. It has the roles of every row and is good for a day, longer than any
// run.
func (s *harness) startIssuer(ctx context.Context) error {
	keys, err := issuer.Open(s.dir, audience)
	if err != nil {
		return err
	}
	if s.issuer, err = issuer.Serve(ctx, keys); err != nil {
		return err
	}
	s.closers = append(s.closers, func(context.Context) error { return s.issuer.Stop() })
	s.token, err = keys.Sign(token.Request{
		User: user, Scopes: []string{"write"},
		Roles: []string{"NON_ASSOCIATIONS_SYNC", "NON_ASSOCIATIONS_MIGRATE", "READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS"},
	}, time.Now())
	return err
}

// describe collects the header: machine, versions and settings. Ratios can be compared
// between machines, rates cannot. The load average is that before the first row: a busy
// machine shows there.
func (s *harness) describe(ctx context.Context) error {
	var version, fsync, commit, buffers string
	err := s.db.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'),
		current_setting('synchronous_commit'), current_setting('shared_buffers')`).Scan(&version, &fsync, &commit, &buffers)
	if err != nil {
		return err
	}
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Join(strings.Fields(string(text))[:1], " ")
	}
	s.header = []string{
		fmt.Sprintf("PostgreSQL %s, fsync %s, synchronous_commit %s, shared_buffers %s", version, fsync, commit, buffers),
		fmt.Sprintf("%s, %d CPUs shared by load, service and Postgres, load average before: %s", runtime.Version(), runtime.NumCPU(), load),
		fmt.Sprintf("%d rounds of %s each way, medians", s.Rounds, s.Round),
	}
	if fsync != "on" || commit == "off" {
		s.header = append(s.header, "WARNING: commits are not durable on this server, so these ratios mean little")
	}
	return nil
}

// close ends what was started, the last first, also when the run was interrupted.
// Errors are printed and the remaining closers still run. It takes 30 s at most.
func (s *harness) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.stopService(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the service:", err)
	}
	for _, v := range slices.Backward(s.closers) {
		if err := v(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "bench: clean up:", err)
		}
	}
}

// newPair returns a pair that was not used before. Pair i joins prisoner i/2 to the
// next one or to a distant one, so each prisoner comes to have up to four
// non-associations. It is safe for concurrent use.
func (s *harness) newPair() (one, other string) {
	i := s.next.Add(1)
	step := [2]uint64{1, 7919}[i%2]
	return string(estate.Number(i / 2)), string(estate.Number(i/2 + step))
}
