package auth_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/web/auth"
)

// runs starts what keeps keys fresh, and gives what ends it; in a bubble of made-up time.
func runs(t *testing.T, v *auth.Verifier) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

// lasting is a claim set that stays good for a day of made-up time.
func lasting() jwt.MapClaims {
	return claims(jwt.MapClaims{"exp": time.Now().Add(24 * time.Hour).Unix()})
}

// TestWithdrawnKey_leavesByItself: no token names an unknown key, and still the set
// is asked for again and again.
func TestWithdrawnKey_leavesByItself(t *testing.T) {
	withdrawn, kept := ecKey(t), ecKey(t)
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		var keys atomic.Value
		keys.Store(setOf(jsonOf(t, ecPublic(t, "w", withdrawn)), jsonOf(t, ecPublic(t, "k", kept))))
		v := wired(t, time.Now, io.Discard, func(*http.Request) (int, string) {
			asked.Add(1)
			return http.StatusOK, keys.Load().(string)
		})
		defer runs(t, v)()
		byWithdrawn := sign(t, jwt.SigningMethodES256, withdrawn, "w", lasting())
		byKept := sign(t, jwt.SigningMethodES256, kept, "k", lasting())
		for range 3 {
			_, err := v.Verify(t.Context(), byWithdrawn)
			require.NoError(t, err)
			time.Sleep(auth.RefreshEvery)
			synctest.Wait()
		}
		require.EqualValues(t, 4, asked.Load(), "at the start, and once each time")

		keys.Store(setOf(jsonOf(t, ecPublic(t, "k", kept))))
		_, err := v.Verify(t.Context(), byWithdrawn)
		require.NoError(t, err, "nobody has told us yet")
		time.Sleep(auth.RefreshEvery)
		synctest.Wait()
		require.EqualValues(t, 5, asked.Load())
		_, err = v.Verify(t.Context(), byWithdrawn)
		require.ErrorIs(t, err, auth.ErrInvalid, "what was verified with it is forgotten, and the issuer knows it no longer")
		require.EqualValues(t, 6, asked.Load())
		_, err = v.Verify(t.Context(), byKept)
		require.NoError(t, err)
	})
}

// TestKeySet_isBelievedForAnHour: then every token is unverifiable, also one that
// was verified a moment ago, and whatever is wrong with the issuer.
func TestKeySet_isBelievedForAnHour(t *testing.T) {
	key := ecKey(t)
	for name, fault := range map[string]func(r *http.Request) (int, string){
		"an error":     func(*http.Request) (int, string) { return http.StatusInternalServerError, "" },
		"no key set":   func(*http.Request) (int, string) { return http.StatusOK, `{"keys":[]}` },
		"a page":       func(*http.Request) (int, string) { return http.StatusOK, "<html>" },
		"a redirect":   func(*http.Request) (int, string) { return http.StatusFound, "" },
		"never a word": func(r *http.Request) (int, string) { <-r.Context().Done(); return 0, "" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := setOf(jsonOf(t, ecPublic(t, "e", key)))
				var isDown atomic.Bool
				v := wired(t, time.Now, io.Discard, func(r *http.Request) (int, string) {
					if isDown.Load() {
						return fault(r)
					}
					return http.StatusOK, keys
				})
				began := time.Now()
				defer runs(t, v)()
				known := lasting()
				verifies := func() error {
					_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", known))
					return err
				}
				require.NoError(t, verifies())
				isDown.Store(true)
				cached := sign(t, jwt.SigningMethodES256, key, "e", known)
				time.Sleep(auth.MaxAge - time.Since(began) - time.Second)
				require.NoError(t, verifies(), "a short outage harms nobody")
				_, err := v.Verify(t.Context(), cached)
				require.NoError(t, err)
				time.Sleep(time.Second)
				require.ErrorIs(t, verifies(), auth.ErrUnverifiable)
				_, err = v.Verify(t.Context(), cached)
				require.ErrorIs(t, err, auth.ErrUnverifiable, "verified a second ago")
				_, err = v.Verify(t.Context(), "hello")
				require.ErrorIs(t, err, auth.ErrInvalid, "what is no token needs no key")

				isDown.Store(false)
				time.Sleep(time.Minute)
				require.NoError(t, verifies(), "and all is well when the issuer answers")
			})
		})
	}
}

// TestSameKeySet_againIsAsGoodAsNew: it is confirmed, not kept from long ago.
func TestSameKeySet_againIsAsGoodAsNew(t *testing.T) {
	key := ecKey(t)
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		v := wired(t, time.Now, &logs, func(*http.Request) (int, string) {
			return http.StatusOK, setOf("7", jsonOf(t, ecPublic(t, "e", key)))
		})
		defer runs(t, v)()
		token := sign(t, jwt.SigningMethodES256, key, "e", lasting())
		for range 12 {
			time.Sleep(auth.MaxAge / 2)
			_, err := v.Verify(t.Context(), token)
			require.NoError(t, err)
		}
		require.Equal(t, 1, bytes.Count(logs.Bytes(), []byte("left out")), "the same warning is not given twice")
	})
}

// TestUnknownKey_isJudgedWhenTheIssuerWasAsked: until then it is not known, and
// the answer says how long that takes.
func TestUnknownKey_isJudgedWhenTheIssuerWasAsked(t *testing.T) {
	key, next := ecKey(t), ecKey(t)
	for name, kid := range map[string]string{"a key that is not known": "next", "no key at all": ""} {
		t.Run(name, func(t *testing.T) {
			i, c := newIssuer(t, ecPublic(t, "e", key)), doubles.NewClock(now)
			v := newVerifier(t, i, c)
			verify := func() error {
				_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, next, kid, claims(nil)))
				return err
			}
			_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", claims(nil)))
			require.NoError(t, err)
			c.Move(3 * time.Second)
			var unverifiable *auth.UnverifiableError
			require.ErrorAs(t, verify(), &unverifiable)
			require.ErrorIs(t, unverifiable, auth.ErrUnverifiable)
			require.Equal(t, 7*time.Second, unverifiable.RetryAfter)
			require.Equal(t, 1, i.fetched())

			c.Move(unverifiable.RetryAfter)
			i.answer(http.StatusBadGateway, ecPublic(t, "e", key))
			require.ErrorIs(t, verify(), auth.ErrUnverifiable, "asked, but not answered")
			require.Equal(t, 2, i.fetched())
			c.Move(time.Second)
			require.ErrorIs(t, verify(), auth.ErrUnverifiable)
			require.Equal(t, 2, i.fetched())

			c.Move(auth.RenewEvery)
			i.answer(http.StatusOK, ecPublic(t, "e", key))
			require.ErrorIs(t, verify(), auth.ErrInvalid, "the issuer knows no such key")
			c.Move(auth.RenewEvery)
			i.answer(http.StatusOK, ecPublic(t, "e", key), ecPublic(t, "next", next))
			require.NoError(t, verify())
			require.Equal(t, 4, i.fetched())
		})
	}
}

// TestClock_thatGoesBackMakesNoSetYounger: what was believed for an hour is not
// believed for two, and the issuer is asked at once.
func TestClock_thatGoesBackMakesNoSetYounger(t *testing.T) {
	key, c := ecKey(t), doubles.NewClock(now)
	i := newIssuer(t, ecPublic(t, "e", key))
	v := newVerifier(t, i, c)
	token := sign(t, jwt.SigningMethodES256, key, "e", claims(nil))
	_, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	c.Move(-10 * time.Minute)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, 2, i.fetched(), "asked again")
	i.answer(http.StatusBadGateway)
	c.Move(-10 * time.Minute)
	_, err = v.Verify(t.Context(), token)
	require.ErrorIs(t, err, auth.ErrUnverifiable)
}

func TestKeySet_isNotFetchedThroughPlainText(t *testing.T) {
	key := ecKey(t)
	v, err := auth.New(auth.Options{Issuer: issuerName, Audience: audience, JWKSURL: "https://issuer.test/keys", Clock: func() time.Time { return now }})
	require.NoError(t, err)
	asked := ""
	auth.Wire(v, wire(func(r *http.Request) (int, string) {
		asked += r.URL.String() + " "
		return http.StatusFound, "http://elsewhere.test/keys"
	}))
	_, err = v.Verify(t.Context(), sign(t, jwt.SigningMethodES256, key, "e", claims(nil)))
	require.ErrorIs(t, err, auth.ErrUnverifiable)
	require.Equal(t, "https://issuer.test/keys ", asked)
}
