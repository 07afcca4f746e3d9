package auth_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/web/auth"
)

// wire answers a client in the place of a network, so that time can be made up.
type wire func(*http.Request) (int, string)

// RoundTrip gives the answer, and an error when the request has ended.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := w(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	header := http.Header{}
	if status == http.StatusFound {
		header.Set("Location", body)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: header, Request: r}, nil
}

// wired is a verifier whose issuer is a function.
func wired(t *testing.T, clock func() time.Time, logs io.Writer, issuer wire) *auth.Verifier {
	v, err := auth.New(auth.Options{
		Issuer: issuerName, Audience: audience, JWKSURL: "http://issuer.test", Clock: clock,
		Client: &http.Client{Transport: issuer}, Logger: slog.New(slog.NewTextHandler(logs, nil)),
	})
	require.NoError(t, err)
	return v
}

func jsonOf(t *testing.T, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func setOf(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// with is a key with members changed; nil takes one away.
func with(t *testing.T, key map[string]string, changes map[string]any) string {
	changed := map[string]any{}
	for name, value := range key {
		changed[name] = value
	}
	for name, value := range changes {
		changed[name] = value
		if value == nil {
			delete(changed, name)
		}
	}
	return jsonOf(t, changed)
}

// TestKey_thatCannotBeReadTakesNoOtherWithIt puts each kind of bad key before and
// behind a good one.
func TestKey_thatCannotBeReadTakesNoOtherWithIt(t *testing.T) {
	key, another := ecKey(t), ecPublic(t, "e2", ecKey(t))
	rsaGood := rsaPublic("r", rsaKey(t))
	good, token := jsonOf(t, ecPublic(t, "e", key)), sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	for name, bad := range map[string]string{
		"a number":          "7",
		"a text":            `"e"`,
		"a list":            "[]",
		"null":              "null",
		"an empty one":      "{}",
		"no kind":           with(t, another, map[string]any{"kty": nil}),
		"kind as KTY":       with(t, another, map[string]any{"kty": nil, "KTY": "EC"}),
		"x as X":            with(t, another, map[string]any{"x": nil, "X": another["x"]}),
		"no x":              with(t, another, map[string]any{"x": nil}),
		"x is a number":     with(t, another, map[string]any{"x": 7}),
		"x is no base64":    with(t, another, map[string]any{"x": "!"}),
		"not on the curve":  with(t, another, map[string]any{"x": another["y"], "y": another["x"]}),
		"no such curve":     with(t, another, map[string]any{"crv": "P-1"}),
		"a bad certificate": with(t, another, map[string]any{"x5c": []string{"!"}}),
		"no n":              with(t, rsaGood, map[string]any{"n": nil}),
		"no e":              with(t, rsaGood, map[string]any{"e": nil}),
		"e of one":          with(t, rsaGood, map[string]any{"e": "AQ"}),
		"short":             with(t, rsaGood, map[string]any{"n": base64.RawURLEncoding.EncodeToString(new(big.Int).Lsh(big.NewInt(1), 1023).Bytes())}),
		"another curve":     jsonOf(t, p384(t)),
		"a member twice":    `{"kty":"EC",` + jsonOf(t, another)[1:],
		"no UTF-8":          "{\"note\":\"\xff\"," + jsonOf(t, another)[1:],
	} {
		for _, keys := range []string{setOf(bad, good), setOf(good, bad)} {
			var logs bytes.Buffer
			asked := 0
			v := wired(t, func() time.Time { return now }, &logs, func(*http.Request) (int, string) { asked++; return http.StatusOK, keys })
			_, err := v.Verify(t.Context(), token)
			require.NoError(t, err, "%s: %s", name, keys)
			require.Equal(t, 1, asked)
			require.Equal(t, 1, strings.Count(logs.String(), "left out"), "%s: one warning: %s", name, logs.String())
			require.NotContains(t, logs.String(), another["x"])
		}
		v := wired(t, func() time.Time { return now }, io.Discard, func(*http.Request) (int, string) { return http.StatusOK, setOf(bad) })
		_, err := v.Verify(t.Context(), token)
		require.ErrorIs(t, err, auth.ErrUnverifiable, "%s alone is no key set", name)
	}
}

func p384(t *testing.T) map[string]string {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	return map[string]string{
		"kty": "EC", "kid": "p", "crv": "P-384",
		"x": base64.RawURLEncoding.EncodeToString(point[1:49]), "y": base64.RawURLEncoding.EncodeToString(point[49:]),
	}
}

// TestKey_forSomethingElseIsNoFault: it is known, and verifies nothing of ours.
func TestKey_forSomethingElseIsNoFault(t *testing.T) {
	key := ecKey(t)
	good, signer := ecPublic(t, "e", key), ecKey(t)
	another := ecPublic(t, "other", signer)
	for name, other := range map[string]string{
		"of another kind":          `{"kty":"OKP","kid":"other"}`,
		"a secret":                 `{"kty":"oct","kid":"other","k":"AAAA"}`,
		"for encryption":           with(t, another, map[string]any{"use": "enc"}),
		"for another algorithm":    with(t, another, map[string]any{"alg": "ES512"}),
		"for signing, not reading": with(t, another, map[string]any{"key_ops": []string{"sign"}}),
	} {
		var logs bytes.Buffer
		asked := 0
		v := wired(t, func() time.Time { return now }, &logs, func(*http.Request) (int, string) {
			asked++
			return http.StatusOK, setOf(other, jsonOf(t, good))
		})
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", claims(nil)))
		require.NoError(t, err, name)
		_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, signer, "other", claims(nil)))
		require.ErrorIs(t, err, auth.ErrInvalid, name)
		require.Equal(t, 1, asked, "%s is known: nobody is asked", name)
		require.Empty(t, logs.String(), name)
	}
}

func TestKeySet_thatIsInvalidIsRefused(t *testing.T) {
	key := ecKey(t)
	good, token := jsonOf(t, ecPublic(t, "e", key)), sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	for _, answer := range []string{
		"", "null", "7", "[" + good + "]", good, `{"Keys":[` + good + `]}`, `{"KEYS":[` + good + `]}`, `{"\u212aeys":[` + good + `]}`,
		`{"keys":` + good + `}`, `{"keys":null}`, `{"keys":[]}`, `{"keys":[` + good + `]`, setOf(good) + setOf(good), `{"keys":[` + good + `],"keys":[` + good + `]}`,
		`{"keys":[` + good + `],"keys":[]}`, `{"keys":[` + good + `,]}`, "<html>", strings.Repeat(" ", 1<<20) + setOf(good),
	} {
		v := wired(t, func() time.Time { return now }, io.Discard, func(*http.Request) (int, string) { return http.StatusOK, answer })
		_, err := v.Verify(t.Context(), token)
		require.ErrorIs(t, err, auth.ErrUnverifiable, answer)
	}
	more := `{"more":{"a":1,"a":"` + "\xff" + `"},"Keys":7,"keys":[` + good + `]}`
	v := wired(t, func() time.Time { return now }, io.Discard, func(*http.Request) (int, string) { return http.StatusOK, more })
	_, err := v.Verify(t.Context(), token)
	require.NoError(t, err, "what stands beside the keys is no matter")
}

func TestKeySet_twoKeysOfOneNameAreBothTried(t *testing.T) {
	one, two, third := ecKey(t), ecKey(t), rsaKey(t)
	i := newIssuer(t, ecPublic(t, "k", one), ecPublic(t, "k", two), rsaPublic("k", third))
	v := newVerifier(t, i, doubles.NewClock(now))
	for _, key := range []*ecdsa.PrivateKey{one, two} {
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "k", claims(nil)))
		require.NoError(t, err)
	}
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, third, "k", claims(nil)))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, ecKey(t), "k", claims(nil)))
	require.ErrorIs(t, err, auth.ErrInvalid)
}

// TestFetch_outlivesItsCaller: a caller that leaves, or whose time is up, does not end
// it for others.
func TestFetch_outlivesItsCaller(t *testing.T) {
	key := ecKey(t)
	token := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	for name, leaving := range map[string]func() (context.Context, func()){
		"leaves": func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(context.Background())
			return ctx, cancel
		},
		"has no time left": func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			return ctx, func() { <-ctx.Done(); cancel() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			came, release := make(chan struct{}), make(chan struct{})
			var asked atomic.Int32
			v := wired(t, func() time.Time { return now }, io.Discard, func(r *http.Request) (int, string) {
				asked.Add(1)
				close(came)
				select {
				case <-release:
				case <-r.Context().Done():
				}
				return http.StatusOK, setOf(jsonOf(t, ecPublic(t, "e", key)))
			})
			ctx, leave := leaving()
			var both sync.WaitGroup
			both.Go(func() { _, _ = v.Verify(ctx, token) })
			<-came
			leave()
			var err error
			both.Go(func() { _, err = v.Verify(context.Background(), token) })
			close(release)
			both.Wait()
			require.NoError(t, err)
			require.EqualValues(t, 1, asked.Load(), "one fetch is enough for both")
		})
	}
}

// TestWeakKey_isNoKey: a signature that it made counts for nothing.
func TestWeakKey_isNoKey(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	v := newVerifier(t, newIssuer(t, rsaPublic("weak", weak), ecPublic(t, "e", ecKey(t))), doubles.NewClock(now))
	_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, weak, "weak", claims(nil)))
	require.ErrorIs(t, err, auth.ErrInvalid)
}
