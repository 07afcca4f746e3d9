package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"nonassociations/cmd/internal/app"
)

// tokenCmd signs nothing: production holds no code that makes a token. It runs
// the program dev that lies beside this one, which has the key of its run.
type tokenCmd struct {
	Args []string `arg:"" optional:"" passthrough:"" help:"The arguments of dev token: see dev token --help."`
}

// Help shows the examples.
func (tokenCmd) Help() string {
	return `Examples:
  nonassociations token --role NON_ASSOCIATIONS_SYNC --user NOMIS
  nonassociations token --role READ_NON_ASSOCIATIONS --role WRITE_NON_ASSOCIATIONS --scope write --user JSMITH

The token is valid for a day, and only for the development run of DATA_DIR. The program dev,
which lies beside this one in development, signs it; production has no such program.`
}

// Run runs dev with the same arguments and the same standard streams. Its exit status
// becomes that of this process. Errors: dev is missing or could not be started.
func (c tokenCmd) Run(ctx context.Context) error {
	// Beside this binary, and never on the PATH: any program could be called dev there.
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program dev: %w", err)
	}
	path := filepath.Join(filepath.Dir(own), "dev")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no program dev beside this one, and only it signs development tokens: run make build, and bin/nonassociations token there")
	}
	dev := exec.CommandContext(ctx, path, append([]string{"token"}, c.Args...)...) //nolint:gosec // the program of the same build
	dev.Stdin, dev.Stdout, dev.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = dev.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exitError{status: exit.ExitCode()}
	}
	return err
}

// versionCmd prints the commit of the build.
type versionCmd struct{}

// Run prints the name of the program and the commit of its build.
func (versionCmd) Run() error {
	_, err := fmt.Println("nonassociations", app.Version())
	return err
}
