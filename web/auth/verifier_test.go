package auth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/doubles"
	"nonassociations/web/auth"
)

func TestVerifier_needsAnIssuerAndAnAudience(t *testing.T) {
	clock := func() time.Time { return now }
	for _, options := range []auth.Options{
		{Audience: audience, JWKSURL: "http://x", Clock: clock},
		{Issuer: issuerName, JWKSURL: "http://x", Clock: clock},
		{Issuer: issuerName, Audience: audience, Clock: clock},
		{Issuer: issuerName, Audience: audience, JWKSURL: "http://x"},
	} {
		_, err := auth.New(options)
		require.Error(t, err)
	}
}

func TestGoodToken_namesTheCallerAndItsRights(t *testing.T) {
	rsaKey, ecKey := rsaKey(t), ecKey(t)
	i := newIssuer(t, rsaPublic("r", rsaKey), ecPublic(t, "e", ecKey), map[string]string{"kty": "OKP", "kid": "other"})
	v := newVerifier(t, i, doubles.NewClock(now))

	for name, signed := range map[string]string{
		"RS256":         sign(t, jwt.SigningMethodRS256, rsaKey, "r", claims(nil)),
		"ES256":         sign(t, jwt.SigningMethodES256, ecKey, "e", claims(nil)),
		"without kid":   sign(t, jwt.SigningMethodES256, ecKey, "", claims(nil)),
		"two audiences": sign(t, jwt.SigningMethodES256, ecKey, "e", claims(jwt.MapClaims{"aud": []string{"other", audience}})),
		"scope as text": sign(t, jwt.SigningMethodES256, ecKey, "e", claims(jwt.MapClaims{"scope": "read  write"})),
	} {
		got, err := v.Verify(t.Context(), signed)
		require.NoError(t, err, name)
		require.WithinDuration(t, now.Add(time.Hour), got.Expires, 0, name)
		got.Expires = time.Time{}
		require.Equal(t, auth.Claims{
			User: "STAFF_GEN", Subject: "the-client", ClientID: "the-client", Roles: []string{"NON_ASSOCIATIONS_SYNC"}, Scopes: []string{"read", "write"},
		}, got, name)
		require.True(t, got.HasScope("write"))
		require.True(t, got.HasAnyRole([]string{"OTHER", "NON_ASSOCIATIONS_SYNC"}))
		require.False(t, got.HasAnyRole([]string{"GROUP_X", "ROLE_NON_ASSOCIATIONS_SYNC"}))
	}
}

// TestCaseloads_areTheClaimAlone: a token without the claim differs from one whose claim
// lists no prison, and a claim that cannot be read makes no token without it.
func TestCaseloads_areTheClaimAlone(t *testing.T) {
	key := ecKey(t)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key)), doubles.NewClock(now))
	verify := func(claim any) ([]domain.PrisonID, error) {
		got, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", claims(jwt.MapClaims{"caseloads": claim})))
		return got.Caseloads, err
	}

	for name, c := range map[string]struct {
		claim any
		want  []domain.PrisonID
	}{
		"absent":       {nil, nil},
		"none":         {[]string{}, []domain.PrisonID{}},
		"two":          {[]string{"XAA", "XAB"}, []domain.PrisonID{"XAA", "XAB"}},
		"lower case":   {[]string{"xaa"}, []domain.PrisonID{"XAA"}},
		"not a prison": {[]string{"OUT", "trn", "CADM_I", "", " XAA"}, []domain.PrisonID{}},
	} {
		got, err := verify(c.claim)
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
	for name, claim := range map[string]any{
		"null": json.RawMessage("null"), "text": "XAA", "number": 7, "numbers": []int{1}, "object": map[string]string{"id": "XAA"},
		"no text in it": json.RawMessage(`["XAA",["XAB"]]`),
	} {
		_, err := verify(claim)
		require.ErrorIs(t, err, auth.ErrInvalid, name)
	}
}

func TestUser_andClientFallBackOnTheSubject(t *testing.T) {
	key := ecKey(t)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key)), doubles.NewClock(now))

	for name, c := range map[string]struct {
		changes      jwt.MapClaims
		user, client string
	}{
		"no user name":    {jwt.MapClaims{"user_name": nil}, "the-client", "the-client"},
		"blank user name": {jwt.MapClaims{"user_name": " ", "sub": "S"}, "S", "the-client"},
		"no client":       {jwt.MapClaims{"client_id": nil, "sub": "S"}, "STAFF_GEN", "S"},
		"nobody":          {jwt.MapClaims{"user_name": nil, "sub": nil}, "", "the-client"},
		"blank nobody":    {jwt.MapClaims{"user_name": "\t", "sub": " "}, "", "the-client"},
		"longest":         {jwt.MapClaims{"user_name": strings.Repeat("É", 60)}, strings.Repeat("É", 60), "the-client"},
		"too long":        {jwt.MapClaims{"user_name": strings.Repeat("x", 61), "sub": "S"}, "", "the-client"},
		"too long sub":    {jwt.MapClaims{"user_name": nil, "sub": strings.Repeat("x", 61)}, "", "the-client"},
		"line feed":       {jwt.MapClaims{"user_name": "A\nB", "sub": "S"}, "", "the-client"},
		"NUL":             {jwt.MapClaims{"user_name": "A\x00", "sub": "S"}, "", "the-client"},
		"C1":              {jwt.MapClaims{"user_name": "A\u0085B", "sub": "S"}, "", "the-client"},
	} {
		got, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", claims(c.changes)))
		require.NoError(t, err, name)
		require.Equal(t, c.user, got.User, name)
		require.Equal(t, c.client, got.ClientID, name)
	}
}

func TestBadToken_isInvalid(t *testing.T) {
	rsaKey, key, stranger := rsaKey(t), ecKey(t), ecKey(t)
	public := rsaPublic("r", rsaKey)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key), public), doubles.NewClock(now))
	good := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	with := func(changes jwt.MapClaims) string { return sign(t, jwt.SigningMethodES256, key, "e", claims(changes)) }
	critical := jwt.NewWithClaims(jwt.SigningMethodES256, claims(nil))
	critical.Header["kid"], critical.Header["crit"] = "e", []string{"b64"}
	withCritical, err := critical.SignedString(key)
	require.NoError(t, err)

	for name, text := range map[string]string{
		"empty":             "",
		"no JWT":            "hello",
		"cut":               good[:len(good)-10],
		"payload of other":  strings.Join([]string{strings.Split(good, ".")[0], strings.Split(with(jwt.MapClaims{"sub": "x"}), ".")[1], strings.Split(good, ".")[2]}, "."),
		"huge":              good + strings.Repeat("x", 16<<10),
		"wrong issuer":      with(jwt.MapClaims{"iss": "https://other.test"}),
		"no issuer":         with(jwt.MapClaims{"iss": nil}),
		"wrong audience":    with(jwt.MapClaims{"aud": "other"}),
		"no audience":       with(jwt.MapClaims{"aud": nil}),
		"expired":           with(jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()}),
		"expiry as text":    with(jwt.MapClaims{"exp": strconv.FormatInt(now.Add(time.Minute).Unix(), 10)}),
		"no expiry":         with(jwt.MapClaims{"exp": nil}),
		"not yet":           with(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}),
		"authorities wrong": with(jwt.MapClaims{"authorities": "ROLE_X"}),
		"scope wrong":       with(jwt.MapClaims{"scope": 7}),
		"alg none":          sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "e", claims(nil)),
		"HS256":             sign(t, jwt.SigningMethodHS256, []byte(public["n"]), "r", claims(nil)),
		"RS384":             sign(t, jwt.SigningMethodRS384, rsaKey, "r", claims(nil)),
		"key of stranger":   sign(t, jwt.SigningMethodES256, stranger, "e", claims(nil)),
		"kid of other kind": sign(t, jwt.SigningMethodES256, key, "r", claims(nil)),
		"crit":              withCritical,
	} {
		_, err := v.Verify(t.Context(), text)
		require.ErrorIs(t, err, auth.ErrInvalid, name)
	}
}

func TestVerifiedToken_isCachedForAMinuteAtMost(t *testing.T) {
	key, c := ecKey(t), doubles.NewClock(now)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key)), c)
	short := sign(t, jwt.SigningMethodES256, key, "e", claims(jwt.MapClaims{"exp": now.Add(30 * time.Second).Unix()}))
	long := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))

	for _, text := range []string{short, long} {
		_, err := v.Verify(t.Context(), text)
		require.NoError(t, err)
	}
	hit := testing.AllocsPerRun(10, func() { _, _ = v.Verify(t.Context(), long) })
	require.LessOrEqual(t, hit, 1.0, "a cached token costs its hash and no more")

	c.Move(40 * time.Second)
	_, err := v.Verify(t.Context(), short)
	require.ErrorIs(t, err, auth.ErrInvalid, "expired while cached")
	c.Move(30 * time.Second)
	_, err = v.Verify(t.Context(), long)
	require.NoError(t, err, "verified again")
}

func TestNewKeySet_dropsWhatTheOldOneVerified(t *testing.T) {
	old, fresh, c := ecKey(t), ecKey(t), doubles.NewClock(now)
	i := newIssuer(t, ecPublic(t, "old", old))
	v := newVerifier(t, i, c)
	byOld := sign(t, jwt.SigningMethodES256, old, "old", claims(nil))
	byNew := sign(t, jwt.SigningMethodES256, fresh, "new", claims(nil))
	_, err := v.Verify(t.Context(), byOld)
	require.NoError(t, err)

	i.answer(http.StatusOK, ecPublic(t, "new", fresh))
	_, err = v.Verify(t.Context(), byNew)
	require.ErrorIs(t, err, auth.ErrUnverifiable, "fetched a moment ago: not again, and nobody knows")
	require.Equal(t, 1, i.fetched())

	c.Move(11 * time.Second)
	_, err = v.Verify(t.Context(), byNew)
	require.NoError(t, err, "an unknown key is asked for")
	require.Equal(t, 2, i.fetched())
	_, err = v.Verify(t.Context(), byOld)
	require.ErrorIs(t, err, auth.ErrUnverifiable, "no longer cached")
	require.Equal(t, 2, i.fetched(), "a rush of unknown keys costs one fetch")
	c.Move(11 * time.Second)
	_, err = v.Verify(t.Context(), byOld)
	require.ErrorIs(t, err, auth.ErrInvalid, "the issuer was asked: it is not known")
}

func TestVerifier_withoutKeysIsUnavailable(t *testing.T) {
	key, c := ecKey(t), doubles.NewClock(now)
	i := newIssuer(t)
	i.answer(http.StatusServiceUnavailable)
	v := newVerifier(t, i, c)
	good := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))

	_, err := v.Verify(t.Context(), good)
	require.ErrorIs(t, err, auth.ErrUnverifiable)
	_, err = v.Verify(t.Context(), "hello")
	require.ErrorIs(t, err, auth.ErrInvalid, "what is no token needs no key")

	c.Move(11 * time.Second)
	i.answer(http.StatusOK) // an empty set is no key set
	_, err = v.Verify(t.Context(), good)
	require.ErrorIs(t, err, auth.ErrUnverifiable)

	c.Move(11 * time.Second)
	i.answer(http.StatusOK, ecPublic(t, "e", key))
	_, err = v.Verify(t.Context(), good)
	require.NoError(t, err)

	c.Move(11 * time.Second)
	i.answer(http.StatusInternalServerError)
	_, err = v.Verify(t.Context(), good)
	require.NoError(t, err, "the keys that are there go on working")
	_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, ecKey(t), "next", claims(nil)))
	require.ErrorIs(t, err, auth.ErrUnverifiable, "it may be a key that cannot be fetched now")
}

func TestRun_fetchesUntilTheIssuerIsThere(t *testing.T) {
	key := ecKey(t)
	i := newIssuer(t)
	i.answer(http.StatusServiceUnavailable)
	v := newVerifier(t, i, doubles.NewClock(now))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()

	require.Eventually(t, func() bool { return i.fetched() >= 1 }, 10*time.Second, time.Millisecond)
	i.answer(http.StatusOK, ecPublic(t, "e", key))
	good := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	require.Eventually(t, func() bool { _, err := v.Verify(t.Context(), good); return err == nil }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
