package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

const (
	maxAge     = time.Hour   // a key set is trusted no longer than this after it was confirmed
	clockSteps = time.Minute // a clock that steps back further makes a key set too old
	minRSA     = 2048        // bits (RFC 7518 §3.3)
)

// keySet is one answer of the issuer. The cache of verified tokens belongs to the set:
// a new set begins with an empty one, so that a withdrawn key stops counting.
type keySet struct {
	raw       string
	keys      []publicKey
	leftOut   []int // indexes of keys that could not be read
	verified  *cache
	confirmed atomic.Pointer[time.Time] // when the issuer last answered with this set
}

// publicKey is a key with its algorithm. A key without an algorithm is known to verify
// no token of ours.
type publicKey struct {
	kid, alg string
	key      crypto.PublicKey
}

// isOld reports whether the set is too old to be trusted.
func (s *keySet) isOld(now time.Time) bool {
	age := now.Sub(*s.confirmed.Load())
	return age >= maxAge || age < -clockSteps
}

var (
	errUnknownKey = errors.New("no key that is known verifies it")
	errOtherAlg   = errors.New("the key is for another algorithm")
)

// find returns the keys that a token names, or all keys for a token that names none.
func (s *keySet) find(t *jwt.Token) (any, error) {
	kid, named := t.Header["kid"]
	name, isText := kid.(string)
	if named && !isText {
		return nil, errors.New("kid is no text")
	}
	var found jwt.VerificationKeySet
	known := false
	for _, key := range s.keys {
		if named && key.kid != name {
			continue
		}
		known = true
		// The algorithm of the key decides and not that of the token. Otherwise a
		// public RSA key could be used as the secret of an HMAC.
		if key.alg == t.Method.Alg() {
			found.Keys = append(found.Keys, key.key)
		}
	}
	switch {
	case len(found.Keys) > 0:
		return found, nil
	case known && named:
		return nil, errOtherAlg
	}
	return nil, errUnknownKey
}

// parseKeySet parses a key set and keeps the keys that could have signed a token of
// ours. Keys for encryption and of other kinds are no fault. A key that cannot be read
// is left out alone.
func parseKeySet(raw []byte) (*keySet, error) {
	listed, err := listOfKeys(raw)
	if err != nil {
		return nil, err
	}
	set, usable := &keySet{raw: string(raw), verified: newCache()}, 0
	for place, text := range listed {
		key, err := parseKey(text)
		if err != nil && !errors.Is(err, errOtherUse) {
			set.leftOut = append(set.leftOut, place)
			continue
		}
		set.keys = append(set.keys, key)
		if err == nil {
			usable++
		}
	}
	if usable == 0 {
		return nil, errors.New("it has no RSA or EC key for signatures that can be read")
	}
	return set, nil
}

// lenient are the options for a text that may have a fault inside one key: the fault
// concerns that key alone.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// listOfKeys returns the members of "keys", a name that a key set must have exactly
// once.
func listOfKeys(raw []byte) ([]jsontext.Value, error) {
	var list jsontext.Value
	d := jsontext.NewDecoder(bytes.NewReader(raw), lenient...)
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return nil, errors.New("it is no JSON object")
	}
	for d.PeekKind() == jsontext.KindString {
		name, _ := d.ReadToken() // a text, as was just seen, or the value fails
		text := name.String()
		value, err := d.ReadValue()
		switch {
		case err != nil:
			return nil, errNoSet
		case text == "keys" && list != nil:
			return nil, errors.New("it has keys twice")
		case text == "keys":
			list = value.Clone()
		}
	}
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindEndObject {
		return nil, errNoSet
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errNoSet
	}
	var keys []jsontext.Value
	if err := json.Unmarshal(list, &keys, json.JoinOptions(lenient...)); err != nil {
		return nil, errors.New("keys is no list")
	}
	return keys, nil
}

// errNoSet means that the answer is not a key set.
var errNoSet = errors.New("it is not one JSON value")

// errOtherUse means that a key is for encryption or for another algorithm.
var errOtherUse = errors.New("it verifies no token of ours")

// parseKey reads one key of a set. A key that cannot be read does not spoil the
// others.
func parseKey(text jsontext.Value) (publicKey, error) {
	var written jwkset.JWKMarshal
	if err := json.Unmarshal(text, &written); err != nil || written.KTY == "" {
		return publicKey{}, errors.New("it cannot be read")
	}
	alg := map[jwkset.KTY]string{jwkset.KtyRSA: "RS256", jwkset.KtyEC: "ES256"}[written.KTY]
	if alg == "" || !isFor(written, alg) {
		return publicKey{kid: written.KID}, errOtherUse
	}
	read, err := jwkset.NewJWKFromMarshal(written, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return publicKey{}, errors.New("it is no key")
	}
	if !isStrong(read.Key()) {
		return publicKey{}, errors.New("it is too weak, or of another curve")
	}
	return publicKey{kid: written.KID, alg: alg, key: read.Key()}, nil
}

// isFor reports whether a key declares that it verifies signatures of an algorithm.
func isFor(k jwkset.JWKMarshal, alg string) bool {
	verifies := len(k.KEYOPS) == 0 || slices.Contains(k.KEYOPS, jwkset.KeyOpsVerify)
	return verifies && (k.USE == "" || k.USE == jwkset.UseSig) && (k.ALG == "" || string(k.ALG) == alg)
}

// isStrong reports whether an RSA key has at least 2048 bits. Elliptic keys are
// strong by their curve.
func isStrong(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSA
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256()
	}
	return false
}
