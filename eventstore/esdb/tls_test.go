package esdb

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"net"
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
