// Command dev is the whole service on one machine, with stand-ins for what is
// outside of it: a Postgres of its own, a token issuer and NOMIS among them, all
// reachable from this machine only. It is what `make run` starts. Whatever the environment
// names (DATABASE_URL, EVENTSTORE_URL, AUTH_ISSUER, NOMIS_API_URL) replaces its stand-in.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	_ "time/tzdata" // London must be known where the system has no time zones

	"github.com/alecthomas/kong"
)

// settings are the options of the development run alone; the service itself is
// configured by the environment as in production.
type settings struct {
	Port        uint16 `env:"PORT" default:"8080" help:"Port on 127.0.0.1; 0 is any free one."`
	ScreensPort uint16 `env:"SCREENS_PORT" help:"Port of the screens; by default PORT + 1000, or any free one if that is taken."`
	NomisPort   uint16 `env:"NOMIS_PORT" help:"Port of the stand-in for NOMIS; by default PORT + 1500, or any free one if that is taken."`
	DataDir     string `env:"DATA_DIR" default:".data" help:"Folder of everything that is kept."`
	Verbose     bool   `env:"VERBOSE" help:"Log every request."`
}

// cli is the command line. kong binds settings to the Run of each command.
type cli struct {
	settings

	Run  runCmd  `cmd:"" default:"1" help:"Run everything until Ctrl-C."`
	Demo demoCmd `cmd:"" help:"Load a made-up prison estate."`

	StandIns     standInsCmd     `cmd:"" help:"Run the stand-ins alone, for a service in other processes."`
	Certificates certificatesCmd `cmd:"" help:"Make an authority and the certificates of a trial installation."`

	Token tokenCmd `cmd:"" help:"Print a token for the run of this data folder."`
}

// main parses the command line and runs one command. Exit status: 1 for an error, 0 for
// a run that was stopped, also before it was ready.
func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second signal ends the process at once
	var asked cli
	chosen := kong.Parse(&asked, kong.Name("dev"), kong.Description("The whole service on this machine, for development."))
	// After parsing, which may print the help and exit.
	ctx = stopWithMake(ctx)
	chosen.BindTo(ctx, (*context.Context)(nil))
	err := chosen.Run(asked.settings)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return // stopped before it was ready, which is no failure
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot "+chosen.Command()+":", err)
		os.Exit(1)
	}
}

// withFolder makes the data folder and returns the settings with its absolute path. It
// may be called again. Mode 0755 is needed where Postgres runs as another user.
func (s settings) withFolder() (settings, error) {
	dir, err := filepath.Abs(s.DataDir)
	if err != nil {
		return s, fmt.Errorf("find the data folder: %w", err)
	}
	s.DataDir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Postgres' user must pass through
		return s, fmt.Errorf("make the data folder: %w", err)
	}
	return s, nil
}

// address returns the address to serve on: always loopback, since the run has no TLS and
// its tokens are easy to get.
func (s settings) address() string { return "127.0.0.1:" + strconv.Itoa(int(s.Port)) }
