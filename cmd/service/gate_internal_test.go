package service

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/queries"
	"nonassociations/web/api"
)

// TestNoReadPassesAClosedGate calls everything that may be read, behind which
// there is nothing: a read that passes panics.
func TestNoReadPassesAClosedGate(t *testing.T) {
	closed := &gate{opened: make(chan struct{})}
	free := map[string]bool{"WaitFor": true, "Position": true} // they show nothing
	for _, c := range []struct {
		of     reflect.Type
		behind any
	}{
		{reflect.TypeFor[api.Reads](), gatedReads{gate: closed}}, {reflect.TypeFor[api.Streams](), gatedStreams{gate: closed}},
	} {
		for method := range c.of.Methods() {
			if free[method.Name] {
				continue
			}
			var arguments []reflect.Value
			for parameter := range method.Type.Ins() {
				arguments = append(arguments, reflect.Zero(parameter))
			}
			arguments[0] = reflect.ValueOf(t.Context())
			results := reflect.ValueOf(c.behind).MethodByName(method.Name).Call(arguments)
			err, _ := reflect.TypeAssert[error](results[len(results)-1])
			require.ErrorIs(t, err, queries.ErrNotCaughtUp, method.Name)
		}
	}
}
