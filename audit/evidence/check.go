package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Keys are the keys that are known to whoever checks.
type Keys []Key

// ParseKeys reads vkeys. Errors: ErrKey of the first that is none.
func ParseKeys(vkeys []string) (Keys, error) {
	keys := make(Keys, 0, len(vkeys))
	for _, vkey := range vkeys {
		key, err := ParseKey(vkey)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Checked is a signature of a note, and what a check of it found.
type Checked struct {
	note.Signature
	// Kind is that of the key; of an unknown key, that which the name suggests.
	Kind Kind
	// Known reports whether one of the keys has this name and hash.
	Known bool
	// Good reports whether the signature is right. Of an unknown key it is false.
	Good bool
	// Time is the witness's word of when it signed. The zero Time when there is none.
	Time time.Time
}

// Check checks the signatures of a note against keys, in the order of the note.
func (n Note) Check(keys Keys) []Checked {
	checked := make([]Checked, len(n.Signatures))
	for i, signature := range n.Signatures {
		checked[i] = n.checkOne(keys, signature)
	}
	return checked
}

func (n Note) checkOne(keys Keys, signature note.Signature) Checked {
	c := Checked{Signature: signature, Kind: OfWitness}
	if signature.Name == n.Origin {
		c.Kind = OfLog
	}
	raw, err := base64.StdEncoding.DecodeString(signature.Base64)
	if err != nil || len(raw) < 4 {
		return c
	}
	for _, key := range keys {
		if key.Name != signature.Name || key.Hash != signature.Hash {
			continue
		}
		good, at := key.verify([]byte(n.Body), raw[4:])
		if c.Known, c.Kind = true, key.Kind; good {
			c.Good, c.Time = true, at
			return c
		}
	}
	return c
}

// SignedBy reports whether the log itself has a good signature of one of the keys: a key of
// a log, with the name of the origin.
func (n Note) SignedBy(keys Keys) bool {
	for _, c := range n.Check(keys) {
		if c.Good && c.Kind == OfLog && c.Name == n.Origin {
			return true
		}
	}
	return false
}

// KnowsLog reports whether one of the keys is a log's with the name of the origin and the
// hash of one of the signatures, whether that is good or not.
func (n Note) KnowsLog(keys Keys) bool {
	for _, c := range n.Check(keys) {
		if c.Known && c.Kind == OfLog && c.Name == n.Origin {
			return true
		}
	}
	return false
}

// Verifier returns the key as one of the package note.
func (k Key) Verifier() note.Verifier { return verifier{k} }

type verifier struct{ key Key }

func (v verifier) Name() string    { return v.key.Name }
func (v verifier) KeyHash() uint32 { return v.key.Hash }
func (v verifier) Verify(text, signature []byte) bool {
	good, _ := v.key.verify(text, signature)
	return good
}

// timeBytes is the length of the time before the signature of a witness.
const timeBytes = 8

// verify reports whether a signature without the hash of the key is good, and the time in it.
func (k Key) verify(text, signature []byte) (good bool, at time.Time) {
	switch k.Kind {
	case OfLog:
		return ed25519.Verify(k.public, text, signature), time.Time{}
	case OfWitness:
		if len(signature) != timeBytes+ed25519.SignatureSize {
			return false, time.Time{}
		}
		seconds := binary.BigEndian.Uint64(signature)
		if seconds > math.MaxInt64 || !ed25519.Verify(k.public, cosigned(seconds, text), signature[timeBytes:]) {
			return false, time.Time{}
		}
		return true, time.Unix(int64(seconds), 0).UTC()
	}
	return false, time.Time{}
}

// cosigned is what a witness signs, by cosignature/v1 of C2SP.
func cosigned(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// ErrNotWitness refuses to cosign with the key of a log.
var ErrNotWitness = errors.New("the key is not one of a witness")

// Cosign returns the signature line of a witness for the body of a note, at a time, which
// is cut to seconds. Errors: ErrNotWitness.
func Cosign(key PrivateKey, body string, at time.Time) (string, error) {
	if key.Kind != OfWitness {
		return "", ErrNotWitness
	}
	seconds := uint64(max(at.Unix(), 0))
	signature := binary.BigEndian.AppendUint32(nil, key.Hash)
	signature = binary.BigEndian.AppendUint64(signature, seconds)
	signature = append(signature, ed25519.Sign(key.private, cosigned(seconds, []byte(body)))...)
	return SignatureLine(note.Signature{Name: key.Name, Hash: key.Hash, Base64: base64.StdEncoding.EncodeToString(signature)}), nil
}
