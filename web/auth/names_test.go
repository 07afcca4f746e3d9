package auth_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/web/auth"
)

// signText signs a header and a payload as they are written.
func signText(t *testing.T, key *ecdsa.PrivateKey, header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodES256.Sign(text, key)
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// otherSpellings are names that a reader takes for this one who minds no letter
// case: also those with letters of Unicode that fold to it.
func otherSpellings(name string) []string {
	all := []string{
		strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ReplaceAll(name, "s", "\u017f"), strings.ReplaceAll(name, "k", "\u212a"),
	}
	return slices.DeleteFunc(all, func(other string) bool { return other == name })
}

func member(name, value string) string { return strconv.Quote(name) + ":" + value }

// objectOf writes members in the order of their names, with more before and
// behind.
func objectOf(members map[string]string, before, behind string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		all = append(all, member(name, members[name]))
	}
	all = slices.DeleteFunc(append(append([]string{before}, all...), behind), func(m string) bool { return m == "" })
	return "{" + strings.Join(all, ",") + "}"
}

func without(members map[string]string, name string) map[string]string {
	rest := maps.Clone(members)
	delete(rest, name)
	return rest
}

const plainHeader = `{"alg":"ES256","kid":"e"}`

// goodClaims are a payload with each claim that is read; lies are others.
func goodClaims() (good, lies map[string]string) {
	later := strconv.FormatInt(now.Add(time.Hour).Unix(), 10)
	good = map[string]string{
		"iss": strconv.Quote(issuerName), "aud": strconv.Quote(audience), "exp": later, "nbf": "1", "iat": "1", "sub": `"S"`,
		"user_name": `"U"`, "client_id": `"C"`, "authorities": `["ROLE_R"]`, "scope": `["read"]`, "caseloads": `["XAA"]`,
	}
	lies = map[string]string{
		"iss": `"https://evil.test"`, "aud": `"evil"`, "exp": "1", "nbf": later, "iat": later, "sub": `"evil"`,
		"user_name": `"evil"`, "client_id": `"evil"`, "authorities": `["ROLE_EVIL"]`, "scope": `["evil"]`, "caseloads": `["EVI"]`,
	}
	return good, lies
}

// TestClaim_countsUnderItsExactNameOnly walks every claim that is read.
func TestClaim_countsUnderItsExactNameOnly(t *testing.T) {
	key := ecKey(t)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key)), doubles.NewClock(now))
	verify := func(payload string) (auth.Claims, error) {
		return v.Verify(t.Context(), signText(t, key, plainHeader, payload))
	}
	good, lies := goodClaims()
	require.ElementsMatch(t, auth.ClaimNames(), slices.Collect(maps.Keys(good)), "a claim is read that is not walked")
	expected, err := verify(objectOf(good, "", ""))
	require.NoError(t, err)

	for name, lie := range lies {
		missing, missingErr := verify(objectOf(without(good, name), "", ""))
		for _, other := range otherSpellings(name) {
			for _, payload := range []string{objectOf(good, "", member(other, lie)), objectOf(good, member(other, lie), "")} {
				got, err := verify(payload)
				require.NoError(t, err, payload)
				require.Equal(t, expected, got, payload)
			}
			got, err := verify(objectOf(without(good, name), "", member(other, good[name])))
			require.Equal(t, missingErr, err, "%s stands for %s", other, name)
			require.Equal(t, missing, got, "%s stands for %s", other, name)
		}
		for _, twice := range []string{lie, good[name]} {
			for _, payload := range []string{objectOf(good, "", member(name, twice)), objectOf(good, member(name, twice), "")} {
				_, err := verify(payload)
				require.ErrorIs(t, err, auth.ErrInvalid, "twice: %s", payload)
			}
		}
	}
}

func TestPayload_thatCanBeReadInTwoWaysIsInvalid(t *testing.T) {
	key := ecKey(t)
	v := newVerifier(t, newIssuer(t, ecPublic(t, "e", key)), doubles.NewClock(now))
	good, _ := goodClaims()
	for name, payload := range map[string]string{
		"a claim of others twice": objectOf(good, `"x":1`, `"x":1`),
		"twice deep inside":       objectOf(good, "", `"x":[{"y":1,"y":2}]`),
		"twice when unescaped":    objectOf(good, "", `"\u0069ss":"evil"`),
		"no UTF-8":                objectOf(good, "", "\"x\":\"\xff\""),
		"more behind it":          objectOf(good, "", "") + "{}",
		"no object":               "[]",
		"expiry as text":          objectOf(without(good, "exp"), "", member("exp", strconv.Quote(good["exp"]))),
		"begin as text":           objectOf(without(good, "nbf"), "", `"nbf":"1"`),
		"begin beyond all time":   objectOf(without(good, "nbf"), "", `"nbf":1e300`),
		"expiry beyond all time":  objectOf(without(good, "exp"), "", `"exp":1e300`),
		"begin before all time":   objectOf(without(good, "nbf"), "", `"nbf":-1e300`),
	} {
		_, err := v.Verify(t.Context(), signText(t, key, plainHeader, payload))
		require.ErrorIs(t, err, auth.ErrInvalid, name)
	}
}

func TestHeader_countsUnderItsExactNamesOnly(t *testing.T) {
	key := ecKey(t)
	i := newIssuer(t, ecPublic(t, "e", key), ecPublic(t, "other", ecKey(t)))
	v := newVerifier(t, i, doubles.NewClock(now))
	good, _ := goodClaims()
	for header, valid := range map[string]bool{
		plainHeader: true,
		`{"alg":"ES256","kid":"e","KID":"other"}`:          true,
		`{"KID":"other","alg":"ES256","kid":"e"}`:          true,
		`{"alg":"ES256","KID":"other"}`:                    true, // names no key: each is tried
		`{"alg":"ES256","kid":"e","ALG":"none"}`:           true,
		`{"alg":"ES256","kid":"e","CRIT":["x"]}`:           true,
		`{"ALG":"ES256","kid":"e"}`:                        false,
		`{"alg":"ES256","kid":"other","KID":"e"}`:          false,
		`{"alg":"ES256","kid":"e","kid":"e"}`:              false,
		`{"alg":"ES256","kid":"other","kid":"e"}`:          false,
		`{"alg":"none","alg":"ES256","kid":"e"}`:           false,
		`{"alg":"ES256","kid":"e","x":{"y":1,"y":2}}`:      false,
		`{"alg":"ES256","kid":7}`:                          false,
		`{"alg":"ES256","kid":null}`:                       false,
		`{"alg":"ES256","kid":"e","crit":["exp"]}`:         false,
		`{"alg":"ES256","kid":"e","crit":[]}`:              false,
		`{"alg":"ES256","kid":"e","crit":null}`:            false,
		"{\"alg\":\"ES256\",\"kid\":\"e\",\"x\":\"\xff\"}": false,
		`{"alg":"ES256","kid":"e"}{}`:                      false,
		`[]`:                                               false,
	} {
		_, err := v.Verify(t.Context(), signText(t, key, header, objectOf(good, "", "")))
		if valid {
			require.NoError(t, err, header)
			continue
		}
		require.ErrorIs(t, err, auth.ErrInvalid, header)
	}
	require.Equal(t, 1, i.fetched(), "none of these asks for another key")
}
