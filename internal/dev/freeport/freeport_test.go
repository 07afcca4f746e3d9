package freeport_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/freeport"
)

func TestNew_givesNoPortTwiceAndNoneThatIsTaken(t *testing.T) {
	given := map[int]bool{}
	for range 500 {
		port := freeport.New(t, 1000)
		for _, n := range []int{port, port + 1000} {
			require.False(t, given[n], "%d", n)
			given[n] = true
			listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(n))
			require.NoError(t, err)
			t.Cleanup(func() { _ = listener.Close() })
		}
	}
}
