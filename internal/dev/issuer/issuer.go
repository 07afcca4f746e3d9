// Package issuer stands in for the organisation's token issuer in development and
// tests. It makes one key, keeps it in the data folder, and publishes the public half
// on loopback. The service reads it there as it would read the real issuer's. Users sign
// in by choosing who they are.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"nonassociations/internal/dev/token"
)

// Name is the claim iss of every development token. It is not the address, whose port
// changes with each start, so tokens survive a restart.
const Name = "https://issuer.invalid/nonassociations-development"

// Open returns the issuer in the folder, or makes one for the audience. A folder with
// another audience keeps its key. Errors: the folder cannot be read or written.
func Open(dir, audience string) (token.Issuer, error) {
	found, err := token.Load(dir)
	if err == nil && found.Name == Name && found.Audience == audience {
		return found, nil
	}
	if err != nil && !errors.Is(err, token.ErrNoRun) {
		return token.Issuer{}, err
	}
	if found.Key == nil {
		if found.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return token.Issuer{}, fmt.Errorf("make a development key: %w", err)
		}
	}
	made := token.Issuer{Name: Name, Audience: audience, Key: found.Key}
	if made.KeyID, err = keyID(made.Key); err != nil {
		return token.Issuer{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return token.Issuer{}, fmt.Errorf("make the data folder: %w", err)
	}
	return made, made.Save(dir)
}

// KeySet returns the JSON Web Key Set (RFC 7517) with the issuer's public key alone.
func KeySet(issuer token.Issuer) ([]byte, error) {
	x, y, err := coordinates(issuer.Key)
	if err != nil {
		return nil, err
	}
	type key struct {
		Type  string `json:"kty"`
		Curve string `json:"crv"`
		Use   string `json:"use"`
		Alg   string `json:"alg"`
		ID    string `json:"kid"`
		X     string `json:"x"`
		Y     string `json:"y"`
	}
	set := map[string][]key{"keys": {{Type: "EC", Curve: "P-256", Use: "sig", Alg: algorithm, ID: issuer.KeyID, X: x, Y: y}}}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("write the key set: %w", err)
	}
	return text, nil
}

// coordinates returns the public key's point as a JWK has it. They have a fixed length,
// leading zeros included (RFC 7518 §6.2.1).
func coordinates(key *ecdsa.PrivateKey) (x, y string, err error) {
	point, err := key.PublicKey.Bytes() // 0x04, then both coordinates
	if err != nil {
		return "", "", fmt.Errorf("read the public key: %w", err)
	}
	half := (len(point) - 1) / 2
	encode := base64.RawURLEncoding.EncodeToString
	return encode(point[1 : 1+half]), encode(point[1+half:]), nil
}

// keyID names a key by its content, so that a new key has a new name.
func keyID(key *ecdsa.PrivateKey) (string, error) {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return "", fmt.Errorf("read the public key: %w", err)
	}
	sum := sha256.Sum256(point)
	return base64.RawURLEncoding.EncodeToString(sum[:12]), nil
}
