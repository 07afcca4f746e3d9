package localpg

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A child that was forked and has not begun its program yet has the file open as well.
func TestLock_isReleasedAlthoughAChildHasItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := TakeLock(path)
	require.NoError(t, err)
	child, err := syscall.Dup(int(lock.file.Fd()))
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Close(child)) }()
	_, err = TakeLock(path)
	require.ErrorIs(t, err, ErrInUse)
	lock.Release()
	again, err := TakeLock(path)
	require.NoError(t, err)
	again.Release()
}
