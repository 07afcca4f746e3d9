package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCache_forgetsAfterAMinuteOrAtTheExpiry(t *testing.T) {
	at := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ expires, known time.Duration }{
		"expires first": {10 * time.Second, 10 * time.Second},
		"minute first":  {time.Hour, time.Minute},
	} {
		cache, hash := newCache(), sha256.Sum256([]byte("t"))
		cache.keep(hash, Claims{User: "U"}, at, at.Add(c.expires))
		got, known := cache.find(hash, at.Add(c.known-1))
		require.True(t, known, name)
		require.Equal(t, "U", got.User)
		_, known = cache.find(hash, at.Add(c.known))
		require.False(t, known, name)
	}
}

func TestCache_isBounded(t *testing.T) {
	at, cache := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC), newCache()
	for i := range 3 * maxVerified {
		var hash [sha256.Size]byte
		binary.BigEndian.PutUint32(hash[:], uint32(i))
		cache.keep(hash, Claims{}, at, at.Add(time.Hour))
	}
	require.LessOrEqual(t, len(cache.entries), maxVerified)
}
