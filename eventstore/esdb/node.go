package esdb

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// isCluster reports whether nodes are asked for the leader, as the client decides it.
func isCluster(cfg *esdb.Configuration) bool {
	return len(cfg.GossipSeeds) > 0 || cfg.DnsDiscover
}

// anyAddress lets a connection begin at any address of a name, so that the next search
// does not ask the same silent node again.
const anyAddress = `{"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": true}}]}`

// dialNode makes a connection to one node with the TLS of a configuration. Nothing is
// sent before its first call.
func dialNode(cfg *esdb.Configuration, node string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	return dialAs(cfg, node, node, more...)
}

// dialAt is dialNode for one address of a node's name. The rest is the name's: its
// certificate, and whether a proxy of the environment is used.
func dialAt(cfg *esdb.Configuration, node clusterNode) (*grpc.ClientConn, error) {
	if node.address == node.name {
		return dialNode(cfg, node.name)
	}
	one := manual.NewBuilderWithScheme("node")
	one.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: node.address}}})
	return dialAs(cfg, node.name, "node:///"+node.name, grpc.WithResolvers(one))
}

// dialAs makes a connection to a gRPC target whose certificate has a name.
func dialAs(cfg *esdb.Configuration, name, target string, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	secure := insecure.NewCredentials()
	if !cfg.DisableTLS {
		config, err := tlsConfig(cfg, name)
		if err != nil {
			return nil, err
		}
		secure = credentials.NewTLS(config)
	}
	return grpc.NewClient(target, append(more, grpc.WithTransportCredentials(secure), grpc.WithDefaultServiceConfig(anyAddress))...)
}

// tlsConfig returns the TLS configuration that the client uses for a node. The error is
// that of the files of the user's certificate.
func tlsConfig(cfg *esdb.Configuration, node string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(node)
	if err != nil {
		host = node
	}
	config := &tls.Config{
		ServerName: host, RootCAs: cfg.RootCAs, NextProtos: []string{"h2"},
		InsecureSkipVerify: cfg.SkipCertificateVerification, //nolint:gosec // as the address demands
	}
	if cfg.UserCertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.UserCertFile, cfg.UserKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the user's certificate, userCertFile %s with userKeyFile %s: %w", cfg.UserCertFile, cfg.UserKeyFile, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// checkCertificate reads the user's certificate once, so that a file that cannot be read is
// reported before the first call.
func checkCertificate(cfg *esdb.Configuration) error {
	if err := cfg.Validate(); err != nil || cfg.DisableTLS {
		return err
	}
	_, err := tlsConfig(cfg, cfg.Address)
	return err
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
