package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The types of keys of signed notes that are known here.
const (
	typeEd25519     = 1 // of a log
	typeCosignature = 4 // of a witness, with a time
)

// Kind says who signs with a key. The values are shown: never change one.
type Kind string

// The kinds.
const (
	OfLog     Kind = "LOG"
	OfWitness Kind = "WITNESS"
)

// Errors of keys. They say in words what is wrong, and never show a private key.
var (
	ErrKey        = errors.New("no key")
	ErrPrivateKey = errors.New("no private key")
)

// Key is a public key. ParseKey makes one. The zero Key checks nothing.
type Key struct {
	Kind Kind
	Name string
	Hash uint32 // the id of the key in signature lines
	VKey string // its text
	// public is of Ed25519.
	public ed25519.PublicKey
}

// ParseKey reads a vkey: <name>+<hash>+<key in base64>. Errors: ErrKey.
func ParseKey(vkey string) (Key, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || CheckOrigin(parts[0]) != nil {
		return Key{}, fmt.Errorf("%w: a vkey is <name>+<hash>+<key in base64>", ErrKey)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || len(parts[1]) != 8 {
		return Key{}, fmt.Errorf("%w: the hash of a vkey has 8 hexadecimal digits", ErrKey)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return Key{}, fmt.Errorf("%w: the last part of a vkey is no Ed25519 key in base64", ErrKey)
	}
	key := newKey(parts[0], raw[0], raw[1:])
	switch {
	case key.Kind == "":
		return Key{}, fmt.Errorf("%w: a vkey of type %d is not known, only 1 (a log) and 4 (a witness)", ErrKey, raw[0])
	case key.Hash != uint32(hash):
		return Key{}, fmt.Errorf("%w: the hash of the vkey is not that of its name and key", ErrKey)
	}
	key.VKey = vkey
	return key, nil
}

// newKey returns the key of a name, a type and the bytes of Ed25519. Its Kind is "" when the
// type is not known.
func newKey(name string, keyType byte, public []byte) Key {
	typed := append([]byte{keyType}, public...)
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	key := Key{Name: name, Hash: binary.BigEndian.Uint32(sum[:]), public: public}
	key.Kind = map[byte]Kind{typeEd25519: OfLog, typeCosignature: OfWitness}[keyType]
	key.VKey = fmt.Sprintf("%s+%08x+%s", name, key.Hash, base64.StdEncoding.EncodeToString(typed))
	return key
}

// PrivateKey is a key that signs. ParsePrivateKey and GenerateKey make one.
type PrivateKey struct {
	Key     // the public half
	private ed25519.PrivateKey
}

// privatePrefix is the beginning of the text of every private key.
const privatePrefix = "PRIVATE+KEY+"

// GenerateKey makes a key of a kind from random bytes. Errors: ErrOrigin, those of random.
func GenerateKey(random io.Reader, kind Kind, name string) (PrivateKey, error) {
	if err := CheckOrigin(name); err != nil {
		return PrivateKey{}, err
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return PrivateKey{}, fmt.Errorf("make a key: %w", err)
	}
	return ofSeed(name, map[Kind]byte{OfLog: typeEd25519, OfWitness: typeCosignature}[kind], seed), nil
}

func ofSeed(name string, keyType byte, seed []byte) PrivateKey {
	private := ed25519.NewKeyFromSeed(seed)
	return PrivateKey{newKey(name, keyType, private[ed25519.SeedSize:]), private}
}

// Secret returns the text of the private key, for its file alone.
func (k PrivateKey) Secret() string {
	typed := append([]byte{typeEd25519}, k.private.Seed()...)
	if k.Kind == OfWitness {
		typed[0] = typeCosignature
	}
	return fmt.Sprintf("%s%s+%08x+%s", privatePrefix, k.Name, k.Hash, base64.StdEncoding.EncodeToString(typed))
}

// String returns the vkey, so that no log line has the private half.
func (k PrivateKey) String() string { return k.VKey }

// GoString is String.
func (k PrivateKey) GoString() string { return k.VKey }

// ParsePrivateKey reads the text of a private key. Errors: ErrPrivateKey, which never shows
// the text.
func ParsePrivateKey(secret string) (PrivateKey, error) {
	rest, found := strings.CutPrefix(secret, privatePrefix)
	parts := strings.SplitN(rest, "+", 3)
	if !found || len(parts) != 3 || CheckOrigin(parts[0]) != nil {
		return PrivateKey{}, fmt.Errorf("%w: it is %s<name>+<hash>+<key in base64>", ErrPrivateKey, privatePrefix)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return PrivateKey{}, fmt.Errorf("%w: its last part is no Ed25519 key in base64", ErrPrivateKey)
	}
	key := ofSeed(parts[0], raw[0], raw[1:])
	if key.Kind == "" || fmt.Sprintf("%08x", key.Hash) != parts[1] {
		return PrivateKey{}, fmt.Errorf("%w: its hash is not that of its name and key", ErrPrivateKey)
	}
	return key, nil
}

// ParseKeyFile reads private keys, one a line. Lines that are empty are skipped. The last
// key signs. No key at all and a line that is none are ErrPrivateKey, with the line's number.
func ParseKeyFile(text string) ([]PrivateKey, error) {
	var keys []PrivateKey
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := ParsePrivateKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: there is no line with one", ErrPrivateKey)
	}
	return keys, nil
}

// Signer returns the signer of a log's key. That of a witness needs a time: see Cosign.
func (k PrivateKey) Signer() note.Signer { return signer{k} }

type signer struct{ key PrivateKey }

func (s signer) Name() string                     { return s.key.Name }
func (s signer) KeyHash() uint32                  { return s.key.Hash }
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key.private, text), nil }
