package issuer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/token"
)

func TestToken_ofARunIsBelievedByItsKeySet(t *testing.T) {
	dir := t.TempDir()
	made, err := issuer.Open(dir, "nonassociations")
	require.NoError(t, err)
	server, err := issuer.Serve(t.Context(), made)
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop()) }()

	left, err := token.Load(dir)
	require.NoError(t, err)
	wish := token.Request{User: "GEN_USER", Roles: []string{"NON_ASSOCIATIONS_SYNC"}, Scopes: []string{"write"}}
	token, err := left.Sign(wish, time.Now())
	require.NoError(t, err)

	keys, err := keyfunc.NewDefaultCtx(t.Context(), []string{server.KeysURL()})
	require.NoError(t, err)
	parsed, err := jwt.Parse(token, keys.Keyfunc, jwt.WithValidMethods([]string{"ES256"}),
		jwt.WithIssuer(issuer.Name), jwt.WithAudience("nonassociations"), jwt.WithExpirationRequired())
	require.NoError(t, err)
	claims, ok := parsed.Claims.(jwt.MapClaims)
	require.True(t, ok)
	require.Equal(t, "GEN_USER", claims["user_name"])
	require.Equal(t, []any{"ROLE_NON_ASSOCIATIONS_SYNC"}, claims["authorities"])
	require.Equal(t, []any{"write"}, claims["scope"])
}

func TestStoppingTwice_isStoppingOnce(t *testing.T) {
	made, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	server, err := issuer.Serve(t.Context(), made)
	require.NoError(t, err)
	require.NoError(t, server.Stop())
	require.NoError(t, server.Stop())
}

func TestKey_isMadeOnceAndClosed(t *testing.T) {
	dir := t.TempDir()
	one, err := issuer.Open(dir, "nonassociations")
	require.NoError(t, err)
	two, err := issuer.Open(dir, "another")
	require.NoError(t, err)
	require.True(t, one.Key.Equal(two.Key), "tokens of an earlier run stay good")
	require.Equal(t, "another", two.Audience)
	for _, name := range []string{"issuer-key.pem", "issuer.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestFolder_withoutARunIsRefused(t *testing.T) {
	_, err := token.Load(t.TempDir())
	require.ErrorIs(t, err, token.ErrNoRun)
}
