package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/doubles"
	"nonassociations/web/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuerName = "https://issuer.test"
	audience   = "non-associations"
)

var now = time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)

// issuer is an issuer of tokens whose answers a test decides.
type issuer struct {
	*httptest.Server

	mu      sync.Mutex
	keys    []map[string]string
	status  int
	fetches int
}

func newIssuer(t *testing.T, keys ...map[string]string) *issuer {
	i := &issuer{keys: keys, status: http.StatusOK}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	w.WriteHeader(i.status)
	if err := json.NewEncoder(w).Encode(map[string][]map[string]string{"keys": i.keys}); err != nil {
		panic(err)
	}
}

func (i *issuer) answer(status int, keys ...map[string]string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.keys = status, keys
}

func (i *issuer) fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

func newVerifier(t *testing.T, i *issuer, c *doubles.Clock) *auth.Verifier {
	client := i.Client()
	t.Cleanup(client.CloseIdleConnections)
	v, err := auth.New(auth.Options{Issuer: issuerName, Audience: audience, JWKSURL: i.URL, Clock: c.Now, Client: client})
	require.NoError(t, err)
	return v
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func rsaPublic(kid string, key *rsa.PrivateKey) map[string]string {
	return map[string]string{
		"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

func ecPublic(t *testing.T, kid string, key *ecdsa.PrivateKey) map[string]string {
	point, err := key.PublicKey.Bytes() // 4, x, y
	require.NoError(t, err)
	return map[string]string{
		"kty": "EC", "kid": kid, "use": "sig", "alg": "ES256", "crv": "P-256",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]),
		"y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
}

// claims of a good token, with changes; a nil value takes a claim away.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": issuerName, "aud": audience, "exp": now.Add(time.Hour).Unix(), "sub": "the-client",
		"user_name": "STAFF_GEN", "client_id": "the-client",
		"authorities": []string{"ROLE_NON_ASSOCIATIONS_SYNC", "GROUP_X"}, "scope": []string{"read", "write"},
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, key crypto.PrivateKey, kid string, c jwt.MapClaims) string {
	unsigned := jwt.NewWithClaims(method, c)
	if kid != "" {
		unsigned.Header["kid"] = kid
	}
	signed, err := unsigned.SignedString(key)
	require.NoError(t, err)
	return signed
}
