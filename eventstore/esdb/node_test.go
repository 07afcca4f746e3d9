package esdb

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"nonassociations/eventstore/esdbserver"
)

// A name has two addresses. Of 64 connections not all begin at the same one, but once in
// 2⁶³ times. Only the resolver is a stand-in.
func TestNode_isCalledAtAnyAddressOfItsName(t *testing.T) {
	const most = 64
	var asked [2]atomic.Int64
	var found resolver.State
	for i := range asked {
		port := served(t, esdbserver.Options{Before: func(context.Context, string) error {
			asked[i].Add(1)
			return nil
		}})
		found.Addresses = append(found.Addresses, resolver.Address{Addr: "127.0.0.1:" + port})
	}
	names := manual.NewBuilderWithScheme("names")
	names.InitialState(found)
	cfg, err := configure("esdb://ignored?tls=false", Options{}.withDefaults())
	require.NoError(t, err)
	for tries := 0; tries < most && (asked[0].Load() == 0 || asked[1].Load() == 0); tries++ {
		conn, err := dialNode(cfg, "names:///two", grpc.WithResolvers(names))
		require.NoError(t, err)
		_, err = batchFeature(within(t, waitTime), conn)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	require.Positive(t, asked[0].Load(), "the first address")
	require.Positive(t, asked[1].Load(), "the second address")
}
