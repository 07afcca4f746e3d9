package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// installed copies this test binary into a folder of its own, as the program, and
// returns its path. Its tests run alone: a program that another test starts meanwhile
// would inherit the open copy, and the system refuses to run a file that is written to.
func installed(t *testing.T) string {
	t.Helper()
	self, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer self.Close()
	path := filepath.Join(t.TempDir(), "nonassociations")
	program, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(program, self)
	require.NoError(t, err)
	require.NoError(t, program.Close())
	return path
}

// tokenOf runs the token command of a program.
func tokenOf(t *testing.T, program string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, append([]string{"token"}, args...)...)
	command.Env = append(os.Environ(), asProgram+"=yes")
	var out, errs strings.Builder
	command.Stdout, command.Stderr = &out, &errs
	_ = command.Run() // how it ended is its exit status
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

func TestToken_withoutTheDevProgramIsRefused(t *testing.T) {
	stdout, stderr, status := tokenOf(t, installed(t), "--role", "NON_ASSOCIATIONS_SYNC", "--user", "NOMIS")
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "no program dev beside this one")
}

func TestToken_passesArgumentsOutputAndExitCodeOfDevThrough(t *testing.T) {
	program := installed(t)
	dev := filepath.Join(filepath.Dir(program), "dev")
	for script, want := range map[string]int{
		`printf '%s|' "$@"`: 0, `printf '%s|' "$@"; echo "no run here" >&2; exit 7`: 7,
	} {
		require.NoError(t, os.WriteFile(dev, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
		stdout, stderr, status := tokenOf(t, program, "--role", "A", "--user", "two words")
		require.Equal(t, want, status)
		require.Equal(t, "token|--role|A|--user|two words|", stdout)
		if want == 0 {
			require.Empty(t, stderr)
		} else {
			require.Equal(t, "no run here\n", stderr, "dev has said what is wrong, and nothing is added")
		}
	}
}
