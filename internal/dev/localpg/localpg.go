// Package localpg runs a real Postgres for development and tests from the binaries that
// the machine has. It listens on a unix socket in a closed folder and nowhere else, so
// it needs no password and no port. It works as root, where the server runs as another
// user, and as any other user.
//
// It starts postgres itself and not through pg_ctl: pg_ctl refuses to run as root,
// cannot tell a server that was left behind from an unrelated process with the same id,
// and leaves no child whose end could be waited for.
package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The errors that a caller may want to distinguish.
var (
	ErrNotInstalled = errors.New("PostgreSQL is not installed: apt-get install postgresql")
	ErrInUse        = errors.New("another process is using this folder")
)

// superuser is the role that initdb makes; trust is safe behind the socket's folder.
const superuser = "app"

// Options are the place and the durability of a cluster.
type Options struct {
	// Dir is kept between runs. The cluster lies in Dir/postgres. Where the server's
	// user cannot reach that folder, it lies below /var/tmp and Dir/postgres is a link
	// to it.
	Dir string
	// Durable makes a commit survive a power cut. Tests leave it off.
	Durable bool
	// Templates is a folder in which new clusters are kept as templates. Later
	// starts copy one instead of calling initdb, which takes twice as long.
	// Empty: initdb makes every cluster. Only tests set it.
	Templates string
	// Logger may be nil.
	Logger *slog.Logger
}

// Server is one running Postgres. Its methods may be called from several
// goroutines, Stop from one.
type Server struct {
	options Options
	log     *slog.Logger
	bin     string // folder of initdb and postgres
	cluster layout
	lock    *Lock
	pid     int
	child   bool // started by this process, so that it must be reaped here
}

// Start starts the cluster in Options.Dir and returns when it answers. The first start
// makes the cluster; a server that outlived its parent is adopted. After an error, or
// when ctx ends first, nothing that it launched is left. Errors: ErrNotInstalled,
// ErrInUse, or one line that names the obstacle.
func Start(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: options, log: options.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.cluster, err = chooseLayout(options.Dir); err != nil {
		return nil, fmt.Errorf("place the Postgres cluster: %w", err)
	}
	if s.lock, err = TakeLock(filepath.Join(s.cluster.dir, "lock")); err != nil {
		return nil, fmt.Errorf("use %s: %w", s.cluster.dir, err)
	}
	if err := s.up(ctx); err != nil {
		s.cleanUp(ctx)
		if ctx.Err() != nil {
			err = ctx.Err() // what else went wrong came of it
		}
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	return s, nil
}

// up finds the binaries, makes the cluster if need be and starts it.
func (s *Server) up(ctx context.Context) error {
	var err error
	if s.bin, err = findBinaries(s.cluster.version()); err != nil {
		return err
	}
	if err := s.initialise(ctx); err != nil {
		return err
	}
	return s.boot(ctx)
}

// DSN returns the address of a database of this server: a URL that sets everything which
// a PG* variable of the environment could change.
func (s *Server) DSN(database string) string {
	address := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database}
	// To Postgres, unlike to forms, a plus sign is no blank.
	host := strings.ReplaceAll(url.QueryEscape(s.cluster.sockets), "+", "%20")
	address.RawQuery = "host=" + host + "&port=5432"
	return address.String()
}

// EnsureDatabase creates the database unless it exists, and returns its DSN.
func (s *Server) EnsureDatabase(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return "", fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	query := "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	if err := conn.QueryRow(ctx, query, name).Scan(&exists); err != nil {
		return "", fmt.Errorf("look for database %s: %w", name, err)
	}
	if exists {
		return s.DSN(name), nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return s.DSN(name), nil
}

// DataDir returns the data directory of Postgres.
func (s *Server) DataDir() string { return s.cluster.data }

// PID returns the process id of the postmaster.
func (s *Server) PID() int { return s.pid }

// BinDir returns the folder of the PostgreSQL programs in use.
func (s *Server) BinDir() string { return s.bin }

// LogFile returns the path of the server's log.
func (s *Server) LogFile() string { return s.cluster.logFile }

// makeDir makes a folder that only the server's user may enter. An existing one must
// belong to that user or to this one: the names below /tmp can be guessed, and another
// user may have made the folder first.
func (p layout) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	owner, err := ownerOf(dir)
	if err != nil {
		return err
	}
	if owner != p.uid() && owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (%d)", dir, owner)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return os.Chown(dir, p.uid(), -1)
}
