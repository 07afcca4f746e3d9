package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"
)

// bareBatch appends by one call of BatchAppend and shares nothing with package esdb: it
// contains no fault and repeats nothing. The first fault ends it. It is safe for
// concurrent use.
type bareBatch struct {
	conn *grpc.ClientConn
	call streams.Streams_BatchAppendClient

	sending sync.Mutex
	mu      sync.Mutex
	waiting map[uuid.UUID]chan error // by correlation id
	ended   error
}

// batchDeadline is the time that the server has for one append.
const batchDeadline = 2 * time.Second

// typeKey is where the protocol has the type of an event.
const typeKey = "type"

// newBareBatch opens the call at the leader.
func newBareBatch(ctx context.Context, address string) (*bareBatch, error) {
	config, err := client.ParseConnectionString(address)
	if err != nil {
		return nil, errors.New("--eventstore is no connection string")
	}
	conn, err := dialLeader(ctx, config)
	if err != nil {
		return nil, err
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
	if config.Username != "" && !config.DisableTLS {
		basic := base64.StdEncoding.EncodeToString([]byte(config.Username + ":" + config.Password))
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Basic "+basic)
	}
	call, err := streams.NewStreamsClient(conn).BatchAppend(ctx)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("open BatchAppend: %w", err)
	}
	b := &bareBatch{conn: conn, call: call, waiting: map[uuid.UUID]chan error{}}
	go b.receive()
	return b, nil
}

// dialLeader connects to the only node, or to the leader that the first seed names.
func dialLeader(ctx context.Context, config *client.Configuration) (*grpc.ClientConn, error) {
	node, cluster := config.Address, config.DnsDiscover
	if len(config.GossipSeeds) > 0 {
		node, cluster = config.GossipSeeds[0].String(), true
	}
	conn, err := dialNode(config, node)
	if err != nil || !cluster {
		return conn, err
	}
	defer conn.Close()
	info, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	if err != nil {
		return nil, fmt.Errorf("ask for the leader: %w", err)
	}
	for _, member := range info.GetMembers() {
		if member.GetIsAlive() && member.GetState() == gossip.MemberInfo_Leader {
			end := member.GetHttpEndPoint()
			return dialNode(config, net.JoinHostPort(end.GetAddress(), strconv.Itoa(int(end.GetPort()))))
		}
	}
	return nil, errors.New("ask for the leader: there is none")
}

func dialNode(config *client.Configuration, node string) (*grpc.ClientConn, error) {
	secure := insecure.NewCredentials()
	if !config.DisableTLS {
		secure = credentials.NewTLS(&tls.Config{
			RootCAs: config.RootCAs, MinVersion: tls.VersionTLS12,
			InsecureSkipVerify: config.SkipCertificateVerification, //nolint:gosec // as the address demands
		})
	}
	return grpc.NewClient(node, grpc.WithTransportCredentials(secure))
}

// append is an appendOnce.
func (b *bareBatch) append(ctx context.Context, stream string, event sampleEvent) error {
	id, answer := uuid.New(), make(chan error, 1)
	if err := b.wait(id, answer); err != nil {
		return err
	}
	request := &streams.BatchAppendReq{
		CorrelationId: textID(id),
		Options: &streams.BatchAppendReq_Options{
			StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte(stream)},
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{},
			DeadlineOption:         &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(batchDeadline)},
		},
		ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{{
			Id: textID(uuid.New()), Data: event.data, CustomMetadata: event.metadata,
			Metadata: map[string]string{typeKey: event.eventType, "content-type": "application/json"},
		}},
		IsFinal: true,
	}
	b.sending.Lock()
	err := b.call.Send(request)
	b.sending.Unlock()
	if err != nil {
		return fmt.Errorf("send by BatchAppend: %w", err)
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func textID(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
}

// idOf reads an id, which a server may send in two forms; the zero id of one that is none.
func idOf(id *shared.UUID) uuid.UUID {
	if pair := id.GetStructured(); pair != nil {
		read, _ := client.ParseUUIDFromInt64(pair.GetMostSignificantBits(), pair.GetLeastSignificantBits())
		return read
	}
	read, _ := uuid.Parse(id.GetString_())
	return read
}

// wait registers an append that is about to be sent.
func (b *bareBatch) wait(id uuid.UUID, answer chan error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[id] = answer
	return b.ended
}

// receive passes the answers on until the call ends.
func (b *bareBatch) receive() {
	for {
		response, err := b.call.Recv()
		if err != nil {
			b.end(err)
			return
		}
		id := idOf(response.GetCorrelationId())
		b.mu.Lock()
		answer := b.waiting[id]
		delete(b.waiting, id)
		b.mu.Unlock()
		if answer == nil {
			b.end(errors.New("an answer to nothing that was asked"))
			return
		}
		if response.GetSuccess() == nil {
			answer <- fmt.Errorf("append by BatchAppend: %s", response.GetError().GetMessage())
			continue
		}
		answer <- nil
	}
}

// end fails what waits, and what comes.
func (b *bareBatch) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = fmt.Errorf("BatchAppend ended: %w", err)
	for id, answer := range b.waiting {
		answer <- b.ended
		delete(b.waiting, id)
	}
}

func (b *bareBatch) close() { _ = b.conn.Close() }
