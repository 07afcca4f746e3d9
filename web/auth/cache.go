package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	keepVerified = 60 * time.Second // a token is verified again at least this often
	maxVerified  = 10_000           // a full cache is emptied
)

// cache keeps the claims of verified tokens by the hash of the token, never the token
// itself. It is safe for concurrent use.
type cache struct {
	mu      sync.RWMutex
	entries map[[sha256.Size]byte]verified
}

// verified is a token's claims with the time until which they may be used.
type verified struct {
	claims Claims
	until  time.Time
}

// newCache returns an empty cache.
func newCache() *cache { return &cache{entries: map[[sha256.Size]byte]verified{}} }

// find returns the claims of a token by its hash, unless they are too old.
func (c *cache) find(hash [sha256.Size]byte, now time.Time) (Claims, bool) {
	c.mu.RLock()
	v, found := c.entries[hash]
	c.mu.RUnlock()
	return v.claims, found && now.Before(v.until)
}

// keep stores claims until the token expires, at most for keepVerified. A full cache is
// emptied: that costs verifications and no more.
func (c *cache) keep(hash [sha256.Size]byte, claims Claims, now, expires time.Time) {
	until := now.Add(keepVerified)
	if expires.Before(until) {
		until = expires
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxVerified {
		clear(c.entries)
	}
	c.entries[hash] = verified{claims, until}
}
