package esdb

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// isCluster reports whether nodes are asked for the leader, as the client decides it.
func isCluster(cfg *esdb.Configuration) bool {
	return len(cfg.GossipSeeds) > 0 || cfg.DnsDiscover
}

// dialNode makes a connection to one node with the TLS of a configuration. Nothing is
// sent before its first call.
func dialNode(cfg *esdb.Configuration, node string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	secure := insecure.NewCredentials()
	if !cfg.DisableTLS {
		secure = credentials.NewTLS(tlsConfig(cfg, node))
	}
	return grpc.NewClient(node, append(more, grpc.WithTransportCredentials(secure))...)
}

// tlsConfig returns the TLS configuration that the client uses for a node.
func tlsConfig(cfg *esdb.Configuration, node string) *tls.Config {
	host, _, err := net.SplitHostPort(node)
	if err != nil {
		host = node
	}
	config := &tls.Config{
		ServerName: host, RootCAs: cfg.RootCAs, NextProtos: []string{"h2"},
		InsecureSkipVerify: cfg.SkipCertificateVerification, //nolint:gosec // as the address demands
	}
	if cfg.UserCertFile != "" {
		if pair, err := tls.LoadX509KeyPair(cfg.UserCertFile, cfg.UserKeyFile); err == nil {
			config.Certificates = []tls.Certificate{pair}
		}
	}
	return config
}

// leaderOf asks a node for the leader of its cluster; "" when it knows none that is
// alive.
func leaderOf(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	info, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	if err != nil {
		return "", err
	}
	for _, member := range info.GetMembers() {
		if member.GetIsAlive() && member.GetState() == gossip.MemberInfo_Leader {
			end := member.GetHttpEndPoint()
			return (&esdb.EndPoint{Host: end.GetAddress(), Port: uint16(end.GetPort())}).String(), nil //nolint:gosec // a port fits
		}
	}
	return "", nil
}
