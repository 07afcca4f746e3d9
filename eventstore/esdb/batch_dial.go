package esdb

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// batchDialer opens calls of BatchAppend, with the settings of the connection string.
type batchDialer struct {
	cfg    *esdb.Configuration
	lookup func(ctx context.Context, host string) (addresses []string, err error) // of a name that stands for all nodes
}

// limit is the time of one node.
func (d batchDialer) limit() time.Duration { return time.Duration(d.cfg.GossipTimeout) * time.Second }

// openAt opens a call at a node, within searching. It lives as long as ctx.
func (d batchDialer) openAt(ctx, searching context.Context, node string) (*batchSession, error) {
	limited, cancel := context.WithTimeout(searching, d.limit())
	defer cancel()
	conn, err := dialNode(d.cfg, node, d.options()...)
	if err != nil {
		return nil, err
	}
	durations, err := batchFeature(limited, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	session, err := d.begin(ctx, limited, conn, node, durations)
	if err != nil {
		_ = conn.Close()
	}
	return session, err
}

// options are the settings of the client, but that nothing is sent twice by gRPC.
func (d batchDialer) options() []grpc.DialOption {
	options := []grpc.DialOption{grpc.WithDisableRetry()}
	if d.cfg.KeepAliveInterval >= 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: d.cfg.KeepAliveInterval, Timeout: d.cfg.KeepAliveTimeout, PermitWithoutStream: true,
		}))
	}
	return options
}

// batchFeature asks a node for BatchAppend, and whether it takes deadlines as time
// spans. Errors: errNoBatch, and that of the call.
func batchFeature(ctx context.Context, conn *grpc.ClientConn) (durations bool, err error) {
	methods, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{})
	if code := status.Code(err); code == codes.Unimplemented || code == codes.NotFound {
		return false, errNoBatch // a server that is older than the question
	}
	if err != nil {
		return false, err
	}
	for _, method := range methods.GetMethods() {
		if method.GetServiceName() == "event_store.client.streams.streams" && method.GetMethodName() == "batchappend" {
			return slices.ContainsFunc(method.GetFeatures(), isDuration), nil
		}
	}
	return false, errNoBatch
}

// isDuration reports whether a feature is that deadlines may be time spans. Real servers
// write it with an underscore, and write the names of methods without any.
func isDuration(feature string) bool {
	return strings.EqualFold(strings.ReplaceAll(feature, "_", ""), "deadlineduration")
}

// begin opens the call on a connection to a node, within limited. It lives as long as ctx.
func (d batchDialer) begin(ctx, limited context.Context, conn *grpc.ClientConn, node string, durations bool) (*batchSession, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	inTime := context.AfterFunc(limited, func() { cancel(limited.Err()) })
	call, err := streams.NewStreamsClient(conn).BatchAppend(d.headers(ctx))
	if !inTime() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		cancel(err)
		return nil, err
	}
	session := &batchSession{
		conn: conn, node: node, call: call, ctx: ctx, cancel: cancel, durations: durations,
		family: newFamily(), queue: make(chan *waitingAppend, queued), waiting: map[int64]*waitingAppend{}, over: make(chan struct{}),
	}
	session.ends.Go(session.sendAll)
	session.ends.Go(session.receiveAll)
	return session, nil
}

// headers adds what asks for the leader, and the user. A node that stops being the
// leader then ends the call.
func (d batchDialer) headers(ctx context.Context) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
	user := sentUser(d.cfg)
	if user == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization",
		"Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+d.cfg.Password)))
}
