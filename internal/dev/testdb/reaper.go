package testdb

import (
	"fmt"
	"os"
	"syscall"

	"nonassociations/internal/dev/reaper"
)

// reaperScript stops the server that is running, and removes the folder once the server
// has ended.
const reaperScript = `pid="$1/postgres/data/postmaster.pid"
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

// reapedDir makes a folder for a server that no code stops.
func reapedDir() (string, error) {
	dir, err := reaper.Dir(tempDir(), "nonassociations-test-", reaperScript)
	if err != nil {
		return "", err
	}
	// The user of the server must pass through it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("open the folder for Postgres: %w", err)
	}
	return dir, nil
}
