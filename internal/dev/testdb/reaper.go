package testdb

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

// reaperScript waits for the end of its input, stops the server that is running then,
// and removes the folder once the server has ended.
const reaperScript = `cat >/dev/null
pid="$1/postgres/data/postmaster.pid"
if read -r first <"$pid"; then
  sockets=$(sed -n 5p "$pid")
  kill -QUIT "$first"
fi 2>/dev/null
i=0
while [ -e "$pid" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
case "$sockets" in /tmp/nonassociations-*) rm -rf "$sockets";; esac
rm -rf "$1"`

// roomInMemory is what the files of the servers of a whole test run need at most.
const roomInMemory = 8 << 30

// tempDir returns a folder in memory where the machine has one with enough room, and
// else "", the default of os.MkdirTemp. Creating and dropping hundreds of databases
// costs a disk's file system more time than Postgres itself.
func tempDir() string {
	const memory = "/dev/shm"
	var disk syscall.Statfs_t
	if syscall.Statfs(memory, &disk) != nil || disk.Bavail*uint64(disk.Bsize) < roomInMemory {
		return ""
	}
	return memory
}

// reapedDir makes a folder for a server that no code stops. A shell waits for the end of
// this process and then stops the server and removes the folder. The pattern is
// testcontainers' Ryuk.
func reapedDir() (string, error) {
	dir, err := os.MkdirTemp(tempDir(), "nonassociations-test-")
	if err != nil {
		return "", fmt.Errorf("make a folder for Postgres: %w", err)
	}
	// The user of the server must pass through it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("open the folder for Postgres: %w", err)
	}
	listen, hold, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("make the guard's pipe: %w", err)
	}
	defer listen.Close()
	guard := exec.Command("sh", "-c", reaperScript, "guard", dir)
	guard.Stdin = listen
	guard.Dir = filepath.Dir(dir)
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if err := guard.Start(); err != nil {
		return "", fmt.Errorf("start the guard of Postgres: %w", err)
	}
	reapers.Lock()
	defer reapers.Unlock()
	reapers.pipes = append(reapers.pipes, hold)
	return dir, nil
}
