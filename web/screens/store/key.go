package store

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// KeySize is the size of a key, in bytes.
const KeySize = 32

// errSealed means that a text was not encrypted by this key for this row.
var errSealed = errors.New("what is encrypted cannot be read with this key")

// Key encrypts with AES-256-GCM. It is safe for concurrent use.
type Key struct{ aead cipher.AEAD }

// NewKey returns the key of KeySize bytes. The error is that of another size.
func NewKey(secret []byte) (*Key, error) {
	if len(secret) != KeySize {
		return nil, fmt.Errorf("a key has %d bytes", KeySize)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return &Key{aead}, nil
}

// seal encrypts a value as JSON. It can be opened for the same row only: a text that is
// copied to another user's row cannot be read there.
func (k *Key) seal(row string, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write what is encrypted: %w", err)
	}
	return k.aead.Seal(nil, nil, text, []byte(row)), nil //nolint:gosec // the cipher makes the nonce itself
}

// open decrypts what seal made of the row. The error is errSealed.
func (k *Key) open(row string, sealed []byte, value any) error {
	text, err := k.aead.Open(nil, nil, sealed, []byte(row))
	if err != nil || json.Unmarshal(text, value) != nil {
		return errSealed
	}
	return nil
}

// Seal encrypts a text that a browser keeps, such as a cookie. purpose tells such texts
// apart.
func (k *Key) Seal(purpose, text string) string {
	return string(k.aead.Seal(nil, nil, []byte(text), []byte("browser "+purpose))) //nolint:gosec // as in seal
}

// Open decrypts what Seal made for the purpose, and reports whether it did.
func (k *Key) Open(purpose, sealed string) (text string, ok bool) {
	opened, err := k.aead.Open(nil, nil, []byte(sealed), []byte("browser "+purpose))
	return string(opened), err == nil
}
