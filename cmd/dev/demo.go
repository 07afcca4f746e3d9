package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"nonassociations/internal/dev/demo"
	"nonassociations/internal/dev/localpg"
	"nonassociations/internal/dev/token"
)

// demoCmd loads a made-up estate into a development run, as the migration from NOMIS
// would.
type demoCmd struct {
	Seed      uint64 `default:"1" help:"The same seed makes the same estate."`
	Prisoners int    `help:"How many; tens of thousands when not given."`
	Crowded   int    `help:"How many more open pairs the fullest prison has."`
}

// Run loads into the run of this data folder. Where none is running, it starts one for
// as long as the loading takes. The lock of the folder decides which of the two it is.
// Loading again adds nothing.
func (c demoCmd) Run(ctx context.Context, set settings) error {
	set, err := set.withFolder()
	if err != nil {
		return err
	}
	lock, err := localpg.TakeLock(lockFile(set))
	if errors.Is(err, localpg.ErrInUse) {
		return c.loadIntoRun(ctx, set)
	}
	if err != nil {
		return fmt.Errorf("lock the data folder: %w", err)
	}
	defer lock.Release()
	return c.loadIntoOwnRun(ctx, set)
}

// loadIntoRun loads into the run that holds the lock. It reads the address from the
// folder of that run, because PORT is a setting of runs that are still to start.
func (c demoCmd) loadIntoRun(ctx context.Context, set settings) error {
	address, err := os.ReadFile(addressFile(set))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the run of %s is not ready yet: try again in a moment", set.DataDir)
	}
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	nomis, err := os.ReadFile(nomisFile(set))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find the run's NOMIS: %w", err)
	}
	return c.load(ctx, set, string(address), string(nomis))
}

// loadIntoOwnRun starts a run, loads and stops it. The caller holds the lock. Errors:
// those of the loading first, then those of the run.
func (c demoCmd) loadIntoOwnRun(ctx context.Context, set settings) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var loaded error
	err := runAll(ctx, set, func(local *standIns, address string) {
		loaded = c.load(ctx, set, address, local.nomis)
		stop()
	})
	if err := errors.Join(loaded, err); err != nil {
		return err
	}
	fmt.Println("\nstart the service to look at it: make run")
	return nil
}

// load loads the estate into the service at address, host and port, and into the stand-in
// for NOMIS at its URL, "" for none. It signs its own token with the folder's key;
// READ_NON_ASSOCIATIONS lets it wait until everything can be read.
func (c demoCmd) load(ctx context.Context, set settings, address, nomis string) error {
	issuer, err := token.Load(set.DataDir)
	if err != nil {
		return err
	}
	claims := token.Request{
		User: "DEMO", Scopes: []string{"write"},
		Roles: []string{"NON_ASSOCIATIONS_MIGRATE", "READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_ADMIN"},
	}
	token, err := issuer.Sign(claims, time.Now())
	if err != nil {
		return err
	}
	return demo.Run(ctx, demo.Options{
		BaseURL: "http://" + address, Token: token, NOMIS: nomis, Seed: c.Seed, Prisoners: c.Prisoners, Crowded: c.Crowded,
		Out: os.Stdout, Show: showDir(set),
	})
}
