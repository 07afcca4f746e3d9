package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	fetchTime     = 5 * time.Second // bounds one request to the issuer
	maxKeySetSize = 1 << 20
	renewEvery    = 10 * time.Second // for tokens of unknown keys, at most one fetch in this time
)

// keys fetches the key set of an issuer and keeps the last valid one. It is safe for
// concurrent use: one fetch runs at a time, and concurrent callers share it.
type keys struct {
	url     string
	client  *http.Client
	clock   func() time.Time
	logger  *slog.Logger
	current atomic.Pointer[keySet] // nil until the first fetch that succeeded

	turn      chan struct{} // a mutex that can be waited for with a context
	attempted time.Time     // last fetch for a token; guarded by turn, as is failed
	failed    error         // of the last attempt
	attempts  atomic.Uint64 // counted when one begins
}

// newKeys returns a key set that has not been fetched yet.
func newKeys(url string, client *http.Client, clock func() time.Time, logger *slog.Logger) *keys {
	k := &keys{url: url, client: client, clock: clock, logger: logger, turn: make(chan struct{}, 1)}
	k.turn <- struct{}{}
	return k
}

// fresh returns the current set, nil when it is too old to be trusted.
func (k *keys) fresh(now time.Time) *keySet {
	if set := k.current.Load(); set != nil && !set.isOld(now) {
		return set
	}
	return nil
}

// renewed returns a set for which the issuer was asked after the call began. Its error
// is an [UnverifiableError]: the fetch failed, or the issuer was asked for another
// token less than renewEvery before the call. The current set comes with the error
// unless it is too old: another call may have fetched it.
func (k *keys) renewed(ctx context.Context) (*keySet, error) {
	before := k.attempts.Load()
	if err := k.lock(ctx); err != nil {
		return nil, err
	}
	defer k.unlock()
	now := k.clock()
	asked := k.attempts.Load() != before
	wait := renewEvery - now.Sub(k.attempted)
	if !asked && (k.attempted.IsZero() || wait <= 0 || wait > renewEvery+clockSteps) {
		k.attempt(ctx)
		k.attempted = k.clock()
		asked, wait = true, renewEvery
	}
	if k.failed != nil {
		return k.fresh(k.clock()), &UnverifiableError{RetryAfter: wait, cause: k.failed}
	}
	if !asked {
		return k.fresh(now), &UnverifiableError{RetryAfter: wait, cause: errAskedBefore}
	}
	return k.current.Load(), nil
}

// errAskedBefore means that a key is unknown and that the issuer was asked too
// recently to ask again.
var errAskedBefore = errors.New("the key is not known, and the issuer was asked a moment ago")

// fetch asks the issuer now, for the regular refresh.
func (k *keys) fetch(ctx context.Context) error {
	if err := k.lock(ctx); err != nil {
		return err
	}
	defer k.unlock()
	k.attempt(ctx)
	return k.failed
}

// lock waits for the turn to fetch, or for the end of ctx.
func (k *keys) lock(ctx context.Context) error {
	select {
	case <-k.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unlock gives the turn back.
func (k *keys) unlock() { k.turn <- struct{}{} }

// attempt fetches the key set and makes it current. It does not end with the caller's
// context, since others may wait for it. An answer that is no key set leaves the
// current one in use until it is too old.
func (k *keys) attempt(ctx context.Context) {
	k.attempts.Add(1)
	began := k.clock()
	k.failed = k.load(context.WithoutCancel(ctx), began)
}

// load fetches and parses the key set. A set that cannot be read leaves the former
// one in use.
func (k *keys) load(ctx context.Context, began time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, err := k.get(ctx)
	if err != nil {
		return fmt.Errorf("fetch the keys of the token issuer: %w", err)
	}
	if set := k.current.Load(); set != nil && set.raw == raw {
		set.confirmed.Store(&began)
		return nil
	}
	set, err := parseKeySet([]byte(raw))
	if err != nil {
		return fmt.Errorf("read the keys of the token issuer: %w", err)
	}
	if len(set.leftOut) > 0 {
		k.logger.WarnContext(ctx, "keys of the token issuer cannot be read and are left out", "places", set.leftOut)
	}
	set.confirmed.Store(&began)
	k.current.Store(set)
	return nil
}

// get requests the key set, with a limit of its size.
func (k *keys) get(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return "", err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySetSize+1))
	if len(body) > maxKeySetSize {
		return "", errors.New("the answer is larger than 1 MiB")
	}
	return string(body), err
}
