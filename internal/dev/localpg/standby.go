package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Standby starts a server that follows this one: a hot standby, which answers
// reads of what it has replayed. The first time it copies the cluster into
// options.Dir. It returns when the standby serves. Errors: those of Start.
func (s *Server) Standby(ctx context.Context, options Options) (*Server, error) {
	of := &Server{options: options, log: options.Logger, bin: s.bin}
	if of.log == nil {
		of.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if of.cluster, err = chooseLayout(options.Dir); err != nil {
		return nil, fmt.Errorf("place the standby: %w", err)
	}
	if of.lock, err = TakeLock(filepath.Join(of.cluster.dir, "lock")); err != nil {
		return nil, fmt.Errorf("use %s: %w", of.cluster.dir, err)
	}
	if err = of.copyOf(ctx, s); err == nil {
		err = of.boot(ctx)
	}
	if err != nil {
		of.cleanUp(ctx)
		return nil, fmt.Errorf("start the standby: %w", err)
	}
	return of, nil
}

// copyOf takes a base backup that follows the primary when it is started.
func (s *Server) copyOf(ctx context.Context, primary *Server) error {
	if s.cluster.version() != "" {
		return nil
	}
	fresh := s.cluster.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	from := fmt.Sprintf("host='%s' port=5432 user=%s", primary.cluster.sockets, superuser)
	cmd := s.command(ctx, "pg_basebackup", "-D", fresh, "-d", from, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, lastLine(out))
	}
	return os.Rename(fresh, s.cluster.data)
}

// Promote makes a standby a server of its own, and returns when it is one.
func (s *Server) Promote(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var promoted bool
	if err := conn.QueryRow(ctx, "SELECT pg_promote()").Scan(&promoted); err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	if !promoted {
		return errors.New("promote the standby: it is one still")
	}
	return nil
}
