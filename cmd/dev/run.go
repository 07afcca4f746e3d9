package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/localpg"
	"nonassociations/internal/tracing"
)

// runCmd runs the service with its stand-ins. It is the default command.
type runCmd struct{}

// Run serves until Ctrl-C. Two runs cannot share a folder: the second is refused with a
// suggestion, and so is a port that is taken. A run that was stopped returns nil.
func (runCmd) Run(ctx context.Context, set settings) error {
	set, err := set.withFolder()
	if err != nil {
		return err
	}
	lock, err := takeLock(ctx, set)
	if errors.Is(err, localpg.ErrInUse) {
		return fmt.Errorf("another run is using %s: stop it, or choose another folder and port, such as DATA_DIR=.data2 PORT=%d",
			set.DataDir, set.Port+1)
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	err = runAll(ctx, set, func(local *standIns, address string) {
		fmt.Println("metrics http://" + local.metrics)
		if local.screens != "" {
			fmt.Println("screens " + local.screens)
		} else {
			fmt.Println("screens off: SCREENS_CLIENT_ID is not set")
		}
		if local.nomis != "" {
			fmt.Println("nomis " + local.nomis)
		}
		printReady(set, address, local.own)
		printQueues(local)
		printNomis(local)
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken: choose another, such as PORT=%d", set.Port, set.Port+1)
	}
	return err
}

// takeLock takes the lock of the data folder. It retries for three seconds, so that a
// run that is being stopped can finish. Errors: localpg.ErrInUse after that time, and
// the context's.
func takeLock(ctx context.Context, set settings) (*localpg.Lock, error) {
	limit := time.NewTimer(3 * time.Second)
	defer limit.Stop()
	for {
		lock, err := localpg.TakeLock(lockFile(set))
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, localpg.ErrInUse) {
			return nil, fmt.Errorf("lock the data folder: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-limit.C:
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// lockFile is locked as long as a run uses the folder. The kernel releases the lock of
// a run that was killed.
func lockFile(set settings) string { return filepath.Join(set.DataDir, "run.lock") }

// addressFile contains the address of the run. It is only valid while the folder is
// locked.
func addressFile(set settings) string { return filepath.Join(set.DataDir, "run.address") }

// nomisFile is the URL of the run's stand-in for NOMIS. There is none without one.
func nomisFile(set settings) string { return filepath.Join(set.DataDir, "run.nomis") }

// runAll starts the stand-ins and the service, calls ready when requests are answered,
// and stops everything in reverse order when ctx ends. The caller holds the lock of the
// folder. The stand-ins start first, because the configuration of the service names
// them. Errors: the first step that failed; after it nothing is left running.
func runAll(ctx context.Context, set settings, ready func(local *standIns, address string)) error {
	// A run that was killed left its address: a demo must not go there.
	for _, file := range []string{addressFile(set), nomisFile(set), environmentFile(set)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the address of the last run: %w", err)
		}
	}
	logger := slog.New(tracing.Handler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level(set), ReplaceAttr: app.MaskAttr})))
	local, err := startStandIns(ctx, set, logger)
	if err != nil {
		return err
	}
	defer local.stop(ctx, logger)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return fmt.Errorf("load the London time zone: %w", err)
	}
	screens, err := local.prepareScreens(ctx, set)
	if err != nil {
		return err
	}
	roles := app.Roles{Serve: true, Screens: screens, Project: true, Listen: true, Work: local.environment["NOMIS_API_URL"] != "", Publish: true, Sign: true}
	config, err := app.ReadConfig(local.environment, roles)
	if err != nil {
		return err
	}
	config.WarnOfPlainText(ctx, logger)
	// In production this is a step of its own, by the owner of the database.
	if err := app.SchemaUp(ctx, config); err != nil {
		return err
	}
	app.TuneGC(local.environment)
	app.TuneProcessors(ctx, local.environment)
	return app.RunTraced(ctx, local.environment, app.Options{
		Config: config, Roles: roles, Logger: logger, Scratch: set.DataDir,
		Clock:       func() time.Time { return time.Now().In(london) },
		MetricsAt:   func(address string) { local.metrics = address },
		ScreensAt:   func(address string) { local.screens = "http://" + address },
		Development: true, NewEvidenceKey: true,
		Ready: func(address string) {
			if err := saveEnvironment(set, local.environment); err != nil {
				logger.WarnContext(ctx, "variables of this run not saved, so commands will not find it", "error", err)
			}
			if err := saveAddress(set, address, local.nomis); err != nil {
				logger.WarnContext(ctx, "address of this run not saved, so a demo will not find it", "error", err)
			}
			ready(local, address)
		},
	})
}

// saveAddress tells a demo where this run and its NOMIS are. The address comes last: with
// it the run is found.
func saveAddress(set settings, address, nomis string) error {
	if nomis != "" {
		if err := os.WriteFile(nomisFile(set), []byte(nomis), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(addressFile(set), []byte(address), 0o600)
}

// level is the log level: warnings only, so that the printed examples stay visible.
// VERBOSE logs each request.
func level(set settings) slog.Level {
	if set.Verbose {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// stopWithMake returns a context that ends when the make that started this run has
// ended. A make that is killed sends no signal to its children, and the run would keep
// the port. It polls the parent's process id four times a second, since Unix notifies
// no child of it. Without make, ctx is returned unchanged.
func stopWithMake(ctx context.Context) context.Context {
	if os.Getenv("MAKELEVEL") == "" {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		defer cancel()
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return ctx
}
