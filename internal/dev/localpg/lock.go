package localpg

import (
	"errors"
	"os"
	"syscall"
)

// Lock is held by one process at a time. The kernel releases it when that process ends,
// however it ends.
type Lock struct{ file *os.File }

// TakeLock takes the lock of that name, or returns ErrInUse at once.
func TakeLock(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &Lock{file: file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrInUse
	}
	return nil, err
}

// Release releases the lock. A nil lock is none. A program that this process is starting has
// the file open too for a moment, so that closing it alone would release the lock later.
func (l *Lock) Release() {
	if l == nil {
		return
	}
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN) // Close releases it if this fails
	_ = l.file.Close()
}
