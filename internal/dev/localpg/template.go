package localpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// template returns the folder of a cluster that initdb made with these arguments
// and that no server has run yet, "" when Options.Templates is not set. The name
// contains everything that the result depends on: binaries, arguments and the
// owner of the files. A new PostgreSQL version therefore makes a new template.
func (s *Server) template(args []string) string {
	if s.options.Templates == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Append(nil, s.bin, binaryVersion(s.bin), args, s.cluster.uid()))
	return filepath.Join(s.options.Templates, hex.EncodeToString(sum[:8]))
}

// copyTree copies a folder with owners and permissions, which Postgres checks.
func copyTree(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	return exec.CommandContext(ctx, "cp", "-a", from, to).Run()
}

// saveTemplate keeps a copy of a new cluster for later starts. It renames the
// finished copy, so that another process never sees half of it. A template only
// saves time: a failure leaves none, and the next start calls initdb again.
func saveTemplate(ctx context.Context, cluster, template string) {
	if template == "" || os.MkdirAll(filepath.Dir(template), 0o700) != nil {
		return
	}
	part, err := os.MkdirTemp(filepath.Dir(template), "part-")
	if err != nil {
		return
	}
	defer os.RemoveAll(part)
	full := filepath.Join(part, "whole")
	if copyTree(ctx, cluster, full) == nil {
		_ = os.Rename(full, template) // fails where another process was faster
	}
}
