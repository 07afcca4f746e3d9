// Package reaper cleans up after a process, however that ends. The pattern is
// testcontainers' Ryuk.
package reaper

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// reapers keeps the write ends of the pipes that the reapers read from. The kernel
// closes them when this process ends, by whatever means; a garbage-collected *os.File
// would close them too early.
var reapers struct {
	sync.Mutex
	pipes []*os.File
}

// Dir makes a folder as os.MkdirTemp does, for a program that no code stops. When this
// process has ended, a shell runs the script, which has the folder as $1 and must remove it.
func Dir(parent, pattern, script string) (string, error) {
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	listen, hold, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("make the reaper's pipe: %w", err)
	}
	defer listen.Close()
	reaper := exec.Command("sh", "-c", "cat >/dev/null\n"+script, "reaper", dir)
	reaper.Stdin = listen
	reaper.Dir = filepath.Dir(dir)
	reaper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if err := reaper.Start(); err != nil {
		return "", fmt.Errorf("start the reaper: %w", err)
	}
	reapers.Lock()
	defer reapers.Unlock()
	reapers.pipes = append(reapers.pipes, hold)
	return dir, nil
}
