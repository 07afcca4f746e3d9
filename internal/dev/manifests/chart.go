// Package manifests reads what deploy/ installs, as strictly as a cluster would, for tests
// that hold rules over it.
package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Role is one role of the chart's table, roles.yaml, which says what each one is.
type Role struct {
	Args       []string `json:"args"`
	Public     bool     `json:"public"`
	Listens    string   `json:"listens"`
	Postgres   []string `json:"postgres"`
	EventStore string   `json:"eventstore"`
	IAM        bool     `json:"iam"`
	Calls      []string `json:"calls"`
	Secrets    []string `json:"secrets"`
	Env        []string `json:"env"`
	// Files are variables that name a file, with the file's key in a Secret.
	Files map[string]string `json:"files"`
}

// every is the entry of roles.yaml whose lists each role has too.
const every = "every"

// ChartDir is the folder of the chart, below the root of the repository.
const ChartDir = "deploy/helm/nonassociations"

// Roles reads the chart's table. root is the folder of the repository.
func Roles(root string) (map[string]Role, error) {
	text, err := os.ReadFile(filepath.Join(root, ChartDir, "roles.yaml"))
	if err != nil {
		return nil, err
	}
	var roles map[string]Role
	if err := yaml.UnmarshalStrict(text, &roles); err != nil {
		return nil, fmt.Errorf("read roles.yaml: %w", err)
	}
	all := roles[every]
	delete(roles, every)
	for name, role := range roles {
		role.Calls, role.Secrets, role.Env = slices.Concat(role.Calls, all.Calls), slices.Concat(role.Secrets, all.Secrets), slices.Concat(role.Env, all.Env)
		roles[name] = role
	}
	return roles, nil
}

// Lint runs `helm lint` over the chart with the values of its example.
func Lint(ctx context.Context, root string) error {
	_, err := helm(ctx, root, "lint", "--strict", ChartDir, "-f", ChartDir+"/ci/values.yaml")
	return err
}

// Render returns the objects that the chart makes of its example's values, with more options
// of helm behind them. Errors: what helm says, or an object that is not exactly as the
// cluster's API has it.
func Render(ctx context.Context, root string, more ...string) ([]Object, error) {
	text, err := helm(ctx, root, append([]string{"template", "nonassociations", ChartDir, "-f", ChartDir + "/ci/values.yaml"}, more...)...)
	if err != nil {
		return nil, err
	}
	return Decode(text)
}

// helm runs the pinned helm, which is built when it is not there.
func helm(ctx context.Context, root string, args ...string) ([]byte, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(root, ".bin", "helm")
	if _, err := os.Stat(program); err != nil {
		if out, err := run(ctx, root, "make", "--no-print-directory", "helm"); err != nil {
			return nil, fmt.Errorf("build helm: %w: %s", err, out)
		}
	}
	return run(ctx, root, program, args...)
}

// run returns the standard output of a program. An error has what it said.
func run(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(strings.TrimSpace(said.String()+string(out))))
	}
	return out, nil
}
