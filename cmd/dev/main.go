// Command dev is the whole service on one machine, with stand-ins for what is
// outside of it: a Postgres of its own and a token issuer, both reachable from
// this machine only. It is what `make run` starts. Whatever the environment
// names (DATABASE_URL, EVENTSTORE_URL, AUTH_ISSUER) replaces its stand-in.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
	_ "time/tzdata" // London must be known where the system has no time zones

	"github.com/caarlos0/env/v11"

	"nonassociations/cmd/service"
	"nonassociations/internal/localpg"
)

// settings are those of the development run alone.
type settings struct {
	Port    uint16 `env:"PORT" envDefault:"8080"`
	DataDir string `env:"DATA_DIR" envDefault:".data"`
	Verbose bool   `env:"VERBOSE"` // every request as a log line
}

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore) // a second signal ends the process at once
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cannot run:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to restore
	}
}

func run(ctx context.Context) error {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	if set.DataDir, err = filepath.Abs(set.DataDir); err != nil {
		return err
	}
	if err := os.MkdirAll(set.DataDir, 0o755); err != nil { //nolint:gosec // Postgres' user must pass through
		return fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := takeLock(ctx, filepath.Join(set.DataDir, "run.lock"))
	if errors.Is(err, localpg.ErrInUse) {
		return fmt.Errorf("another run is using %s: stop it, or choose another folder and port, such as DATA_DIR=.data2 PORT=%d",
			set.DataDir, set.Port+1)
	}
	if err != nil {
		return fmt.Errorf("lock the data folder: %w", err)
	}
	defer lock.Release()
	return everything(stopWithMake(ctx), set)
}

// takeLock gives a run that was just told to stop the time to do so.
func takeLock(ctx context.Context, path string) (*localpg.Lock, error) {
	patience := time.NewTimer(3 * time.Second)
	defer patience.Stop()
	for {
		lock, err := localpg.TakeLock(path)
		if !errors.Is(err, localpg.ErrInUse) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-patience.C:
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// everything starts the stand-ins and the service, and stops what it started
// in the opposite order.
func everything(ctx context.Context, set settings) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level(set)}))
	around, err := surround(ctx, set, logger)
	if err != nil {
		return err
	}
	defer around.stop(logger)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return fmt.Errorf("load the London time zone: %w", err)
	}
	roles := service.Roles{Serve: true, Project: true}
	config, err := service.ReadConfig(around.environment, roles)
	if err != nil {
		return err
	}
	if err := service.SchemaUp(ctx, config); err != nil {
		return err
	}
	return service.Run(ctx, service.Options{
		Config: config, Roles: roles, Logger: logger, Scratch: set.DataDir,
		Clock: func() time.Time { return time.Now().In(london) },
		Ready: func(string) { announce(set, around.own) },
	})
}

func level(set settings) slog.Level {
	if set.Verbose {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// stopWithMake ends the run when the make that started it is gone: killed the
// hard way, make tells nobody.
func stopWithMake(ctx context.Context) context.Context {
	if os.Getenv("MAKELEVEL") == "" {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if os.Getppid() != parent {
					cancel()
					return
				}
			}
		}
	}()
	return ctx
}

func (s settings) address() string { return "127.0.0.1:" + strconv.Itoa(int(s.Port)) }
