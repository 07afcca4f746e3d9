package esdb

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/esdbserver"
)

// pemFiles writes a certificate and its key as the files that a connection string names.
func pemFiles(t testing.TB, pair tls.Certificate) (certFile, keyFile string) {
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	write := func(name, kind string, bytes []byte) string {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
		return file
	}
	return write("user.crt", "CERTIFICATE", pair.Certificate[0]), write("user.key", "PRIVATE KEY", key)
}

func TestBatch_showsTheCertificateOfTheUser(t *testing.T) {
	caFile, certificate := authority(t)
	_, user := authority(t)
	certFile, keyFile := pemFiles(t, user)
	port := served(t, esdbserver.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}, ClientAuth: tls.RequireAnyClientCert},
	})
	store := open(t, "esdb://localhost:"+port+"?tls=true&tlsCaFile="+caFile+"&userCertFile="+certFile+"&userKeyFile="+keyFile, Options{})
	mustAppend(t, store, opening("a"))
	require.NotNil(t, sessionOf(store), "the append went by the client")
}

// sessionOf returns the call that was opened last; nil when none was.
func sessionOf(store *Store) *batchSession {
	store.batch.mu.Lock()
	defer store.batch.mu.Unlock()
	return store.batch.session
}

// silencer forwards connections to a server until it is told to swallow what comes.
type silencer struct {
	net.Listener

	to     string
	silent atomic.Bool
	open   sync.WaitGroup
}

func newSilencer(t *testing.T, to string) *silencer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &silencer{Listener: listener, to: to}
	s.open.Go(func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() { s.forward(conn) })
		}
	})
	return s
}

// forward ends when either side closes its connection.
func (s *silencer) forward(conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { s.copy(server, conn) })
	both.Go(func() { s.copy(conn, server) })
	both.Wait()
}

func (s *silencer) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 1<<15)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !s.silent.Load() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}

// Nothing is in flight, so only the pings can find out. gRPC sends them at most every ten
// seconds.
func TestBatch_closesAConnectionThatHasFallenSilent(t *testing.T) {
	t.Parallel()
	s := newSilencer(t, "127.0.0.1:"+served(t, esdbserver.Options{}))
	store := open(t, "esdb://"+s.Addr().String()+"?tls=false&keepAliveInterval=10000&keepAliveTimeout=500", Options{})
	mustAppend(t, store, opening("a"))
	session := sessionOf(store)
	s.silent.Store(true)
	select {
	case <-session.over:
	case <-within(t, waitTime).Done():
		require.Fail(t, "the connection is still taken for alive")
	}
	s.silent.Store(false)
	mustAppend(t, store, opening("b"))
	require.NoError(t, s.Close())
}
