package esdb

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testcert"
)

// authority makes a certificate authority and a certificate for localhost.
func authority(t testing.TB) (caFile string, server tls.Certificate) { return testcert.New(t) }

// guard lets one user in, as a real server does.
func guard(ctx context.Context, method string) error {
	if method == "Features" {
		return nil
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	switch sent := headers.Get("authorization"); {
	case len(sent) == 0:
		return eventstore.ErrDenied
	case sent[0] != "Basic "+base64.StdEncoding.EncodeToString([]byte("service:secret")):
		return status.Error(codes.Unauthenticated, "")
	}
	return nil
}

func TestTLS_withUserAndPassword(t *testing.T) {
	caFile, certificate := authority(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esdbserver.New(memory.New(), esdbserver.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}, Before: guard,
	})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); require.NoError(t, <-ended) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)

	try := func(user string) error {
		store := open(t, "esdb://"+user+"localhost:"+port+"?tls=true&tlsCaFile="+caFile, Options{})
		_, err := store.Append(within(t, waitTime), opening("a"))
		return err
	}
	require.NoError(t, try("service:secret@"))
	wrong := try("service:guess@")
	require.ErrorIs(t, wrong, eventstore.ErrDenied)
	require.ErrorContains(t, wrong, "user or password is wrong")
	nobody := try("")
	require.ErrorIs(t, nobody, eventstore.ErrDenied)
	require.ErrorContains(t, nobody, "no user was sent")
}

// A connection string holds a password; no error may repeat it.
func TestBadURL_keepsItsSecret(t *testing.T) {
	for _, url := range []string{"http://user:secret@host", "esdb://user:secret@host:nan", "esdb://user:secret@host:1?tls=maybe", "esdb://user:sec ret@%zz"} {
		_, err := Open(t.Context(), url, Options{})
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "sec")
	}
}

// A certificate that cannot be read is reported before the first call, with the setting and
// the file to look at. A key is a secret.
func TestOpen_namesACertificateThatCannotBeRead(t *testing.T) {
	caFile, user := authority(t)
	_, other := authority(t)
	certFile, keyFile := pemFiles(t, user)
	_, otherKey := pemFiles(t, other)
	absent, garbage := filepath.Join(t.TempDir(), "absent"), filepath.Join(t.TempDir(), "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte("c2VjcmV0 material"), 0o600))
	for name, pair := range map[string][2]string{
		"no certificate":     {absent, keyFile},
		"no key":             {certFile, absent},
		"a folder":           {certFile, t.TempDir()},
		"no PEM certificate": {garbage, keyFile},
		"no PEM key":         {certFile, garbage},
		"mixed up":           {keyFile, certFile},
		"of someone else":    {certFile, otherKey},
	} {
		_, err := Open(t.Context(), "esdb://service:secret@localhost:1?tls=true&tlsCaFile="+caFile+"&userCertFile="+pair[0]+"&userKeyFile="+pair[1], Options{})
		require.ErrorContains(t, err, "userCertFile "+pair[0], name)
		require.ErrorContains(t, err, "userKeyFile "+pair[1], name)
		for _, file := range pair {
			requireNothingOf(t, file, err)
		}
		require.NotContains(t, err.Error(), "secret", name)
	}
	_, err := Open(t.Context(), "esdb://localhost:1?tls=true&userKeyFile="+keyFile, Options{})
	require.ErrorContains(t, err, "userCertFile")
	requireNothingOf(t, keyFile, err)
	open(t, "esdb://localhost:1?tls=false&userCertFile="+absent+"&userKeyFile="+absent, Options{}) // needs none
}

// requireNothingOf checks that an error has no line of a file.
func requireNothingOf(t *testing.T, file string, err error) {
	bytes, _ := os.ReadFile(file) // one that is absent has none
	for line := range strings.Lines(string(bytes)) {
		require.NotContains(t, err.Error(), strings.TrimSpace(line))
	}
}
