package esdbserver

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// errCommitTimeout is a real server's answer to an append that arrives while the same
// one commits. It leaves the outcome unknown.
var errCommitTimeout = status.Error(codes.Aborted, "Operation timed out: Commit phase timeout.")

// inFlight holds the appends that are being written and not answered yet. The zero
// value is empty and ready.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// enter registers an append until leave is called. If the same append is registered
// already, first is false. leave must be called once. An append that was not first has
// nothing to leave.
func (u *inFlight) enter(wanted eventstore.Append) (first bool, leave func()) {
	key := requestKey(wanted)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.keys[key]; known {
		return false, func() {}
	}
	if u.keys == nil {
		u.keys = map[string]struct{}{}
	}
	u.keys[key] = struct{}{}
	return true, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.keys, key)
	}
}

// requestKey returns a key that is equal for appends which a server recognises as the
// same. These have the same stream, expected revision and ids in order; contents do not
// count.
func requestKey(wanted eventstore.Append) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%q %d", wanted.Stream, wanted.Expected)
	for _, event := range wanted.Events {
		key.Write(event.ID[:])
	}
	return key.String()
}

// waitForLock waits as long as a real server waits for the lock of the stream, and
// returns its answer. Errors: errCommitTimeout, or the context's when the client leaves
// first.
func waitForLock(ctx context.Context, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return errCommitTimeout
	case <-ctx.Done():
		return ctx.Err()
	}
}
