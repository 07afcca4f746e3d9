package main_test

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// freePort returns a port that is free with those of the screens and of NOMIS behind it. It
// lies below the ports that the system gives to whoever asks for any, so that none of the
// tests beside this one gets it in between.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(10000)
		if isFree(port) && isFree(port+1000) && isFree(port+1500) {
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && listener.Close() == nil
}
