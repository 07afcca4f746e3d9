package esdbserver

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// version is the server version whose answers this package reproduces. The client
// chooses its requests by it.
const version = "24.6.0"

// streamsService is the name of the service with the streams' methods.
const streamsService = "event_store.client.streams.streams"

// GetSupportedMethods returns the server's version and the methods that the client may
// call. The client asks once per connection.
func (s *Server) GetSupportedMethods(ctx context.Context, _ *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	if err := s.before(ctx, "Features"); err != nil {
		return nil, answer(ctx, "", err)
	}
	methods := &serverfeatures.SupportedMethods{EventStoreServerVersion: version}
	for _, name := range []string{"append", "read", "delete", "tombstone"} {
		methods.Methods = append(methods.Methods, &serverfeatures.SupportedMethod{
			MethodName:  name,
			ServiceName: streamsService,
		})
	}
	if !s.options.NoBatchAppend {
		methods.Methods = append(methods.Methods, &serverfeatures.SupportedMethod{
			MethodName: "batchappend", ServiceName: streamsService, Features: []string{"deadline_duration"},
		})
	}
	return methods, nil
}

// Member is one node of a cluster, as gossip reports it. Host and Port must be
// reachable by the client, which connects to one of the members.
type Member struct {
	Host   string
	Port   int
	Leader bool // else a follower
	Alive  bool
}

// gossipServer is a type of its own because the Streams and Gossip services both have
// a method Read.
type gossipServer struct {
	gossip.UnimplementedGossipServer
	server *Server
}

// Read returns the members of the cluster in the order of Options.Members. The client
// picks the leader among those alive.
func (g *gossipServer) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	if err := g.server.before(ctx, "Gossip"); err != nil {
		return nil, answer(ctx, "", err)
	}
	info := &gossip.ClusterInfo{}
	for _, member := range g.server.options.Members() {
		state := gossip.MemberInfo_Follower
		if member.Leader {
			state = gossip.MemberInfo_Leader
		}
		info.Members = append(info.Members, &gossip.MemberInfo{
			State:        state,
			IsAlive:      member.Alive,
			HttpEndPoint: &gossip.EndPoint{Address: member.Host, Port: uint32(member.Port)}, //nolint:gosec // a port fits
		})
	}
	return info, nil
}
