// Package token signs development tokens with the key that a development
// run left in its data folder. It never makes a key: where no run has been,
// there is nothing to sign with, and no service that would believe it.
package token

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// ErrNoRun means that no development run has used the folder.
var ErrNoRun = errors.New("no development run has been here, so there is no key to sign with")

// TTL is how long a token is good for.
const TTL = 24 * time.Hour

const (
	keyFile    = "issuer-key.pem"
	issuerFile = "issuer.json"
	pemType    = "EC PRIVATE KEY"
)

// Issuer is the key of a development run, with the issuer and audience that its service
// accepts.
type Issuer struct {
	Name     string            `json:"issuer"`
	Audience string            `json:"audience"`
	KeyID    string            `json:"keyId"`
	Key      *ecdsa.PrivateKey `json:"-"`
}

// Request is the content of a token.
type Request struct {
	User   string
	Roles  []string // without the prefix ROLE_
	Scopes []string

	// Caseloads are the prisons of the claim caseloads; nil leaves the claim out.
	Caseloads []string
}

// Load reads the issuer that a run left in its data folder, or ErrNoRun.
func Load(dir string) (Issuer, error) {
	text, err := os.ReadFile(filepath.Join(dir, issuerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Issuer{}, fmt.Errorf("%w: %s (start one with make run, or name its folder in DATA_DIR)", ErrNoRun, dir)
	}
	if err != nil {
		return Issuer{}, fmt.Errorf("read the issuer: %w", err)
	}
	var issuer Issuer
	if err := json.Unmarshal(text, &issuer); err != nil {
		return Issuer{}, fmt.Errorf("read the issuer in %s: %w", dir, err)
	}
	issuer.Key, err = readKey(filepath.Join(dir, keyFile))
	return issuer, err
}

// readKey reads the private key from a PEM file.
func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the development key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the development key: %w", err)
	}
	return key, nil
}

// Save leaves the issuer in a data folder; the key is for its owner's eyes only.
func (i Issuer) Save(dir string) error {
	der, err := x509.MarshalECPrivateKey(i.Key)
	if err != nil {
		return fmt.Errorf("write the development key: %w", err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	if err := replace(filepath.Join(dir, keyFile), key); err != nil {
		return fmt.Errorf("write the development key: %w", err)
	}
	text, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("write the issuer: %w", err)
	}
	if err := replace(filepath.Join(dir, issuerFile), text); err != nil {
		return fmt.Errorf("write the issuer: %w", err)
	}
	return nil
}

// replace writes a file whole or not at all, whenever the process is killed.
func replace(path string, content []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// Sign makes the token, good from now on for Life.
func (i Issuer) Sign(claims Request, now time.Time) (string, error) {
	authorities := make([]string, 0, len(claims.Roles))
	for _, role := range claims.Roles {
		authorities = append(authorities, "ROLE_"+role)
	}
	scopes := claims.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	signed := jwt.MapClaims{
		"iss": i.Name, "aud": i.Audience, "sub": claims.User, "user_name": claims.User, "client_id": "development",
		"authorities": authorities, "scope": scopes, "jti": uuid.NewString(),
		"iat": now.Unix(), "exp": now.Add(TTL).Unix(),
	}
	if claims.Caseloads != nil {
		signed["caseloads"] = claims.Caseloads
	}
	return i.SignClaims(signed)
}

// SignClaims signs any claims, also wrong ones: tests want those.
func (i Issuer) SignClaims(claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = i.KeyID
	signed, err := token.SignedString(i.Key)
	if err != nil {
		return "", fmt.Errorf("sign a development token: %w", err)
	}
	return signed, nil
}
