// Package freeport finds ports of this machine for tests that must know an address before
// something listens at it.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// The ports lie below those that Linux gives to each caller who asks for any, so that none
// of the connections beside this test gets one in between.
const (
	lowest = 20000
	ports  = 10000
)

var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// New returns a port at which nothing listens on 127.0.0.1, and the same for the ports at
// these distances behind it. None of them is given twice in one process. It may be called
// from several goroutines. The test fails when it finds none.
func New(t testing.TB, behind ...int) int {
	t.Helper()
	given.Lock()
	defer given.Unlock()
	for range 1000 {
		port := lowest + rand.IntN(ports)
		if take(port, behind) {
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Address returns a new port as the address of a server.
func Address(t testing.TB) string {
	t.Helper()
	return address(New(t))
}

// take reports whether the port and those behind it were free, and keeps them if so.
func take(port int, behind []int) bool {
	all := []int{port}
	for _, distance := range behind {
		all = append(all, port+distance)
	}
	for _, n := range all {
		if given.ports[n] || !isFree(n) {
			return false
		}
	}
	for _, n := range all {
		given.ports[n] = true
	}
	return true
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", address(port))
	return err == nil && listener.Close() == nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
