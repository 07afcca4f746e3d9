package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/MicahParks/keyfunc/v3"
)

const (
	fetchTime     = 5 * time.Second // one answer of the issuer
	maxKeySetSize = 1 << 20
	renewEvery    = 10 * time.Second // at most one fetch in this time for keys that are not known
)

// keySet is one answer of the issuer. What was verified with it is cached in
// it, so that a new set begins with nothing.
type keySet struct {
	raw      string
	find     keyfunc.Keyfunc
	verified *cache
}

// keys fetches the key set of an issuer and holds the last one that was good.
type keys struct {
	url     string
	client  *http.Client
	clock   func() time.Time
	current atomic.Pointer[keySet] // nil until the first fetch that succeeded

	turn      chan struct{} // holds one token while nobody fetches
	attempted time.Time     // guarded by turn, as is failed
	failed    error
}

func newKeys(url string, client *http.Client, clock func() time.Time) *keys {
	k := &keys{url: url, client: client, clock: clock, turn: make(chan struct{}, 1)}
	k.turn <- struct{}{}
	return k
}

// renew fetches again unless somebody did a moment ago; then it answers with
// how that went.
func (k *keys) renew(ctx context.Context) error {
	return k.fetch(ctx, renewEvery)
}

// fetch takes over the issuer's keys, unless the last attempt is younger than
// fresh. An answer that is no key set leaves the one that is there.
func (k *keys) fetch(ctx context.Context, fresh time.Duration) error {
	select {
	case <-k.turn:
		defer func() { k.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if now := k.clock(); k.attempted.IsZero() || now.Sub(k.attempted) >= fresh {
		// A caller who leaves does not fail the fetch for those who wait for it.
		k.failed = k.load(context.WithoutCancel(ctx))
		k.attempted = now
	}
	return k.failed
}

func (k *keys) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, err := k.get(ctx)
	if err != nil {
		return fmt.Errorf("fetch the keys of the token issuer: %w", err)
	}
	if set := k.current.Load(); set != nil && set.raw == raw {
		return nil
	}
	find, err := parseKeySet([]byte(raw))
	if err != nil {
		return fmt.Errorf("read the keys of the token issuer: %w", err)
	}
	k.current.Store(&keySet{raw: raw, find: find, verified: newCache()})
	return nil
}

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

// parseKeySet keeps the keys that could have signed a token of ours. Others in
// the set (for encryption, of other kinds) are no fault and are left out.
func parseKeySet(raw []byte) (keyfunc.Keyfunc, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	signing := set.Keys[:0]
	for _, key := range set.Keys {
		var kind struct {
			Kty string `json:"kty"`
			Use string `json:"use"`
		}
		if json.Unmarshal(key, &kind) == nil && (kind.Kty == "RSA" || kind.Kty == "EC") && kind.Use != "enc" {
			signing = append(signing, key)
		}
	}
	if len(signing) == 0 {
		return nil, errors.New("it has no RSA or EC key for signatures")
	}
	set.Keys = signing
	kept, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	return keyfunc.NewJWKSetJSON(kept)
}
