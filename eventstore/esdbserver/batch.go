package esdbserver

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

const (
	// writeTime is a real server's own limit of a write. Longer deadlines are cut to it.
	writeTime = 2 * time.Second
	// maxGroup is how many appends one AppendMany of the store carries at most.
	maxGroup = 256
)

// BatchAppend implements the protocol's long call that carries many appends. An append
// is complete when its last part has arrived. All that wait are written by one
// AppendMany of the store, and the next ones are collected meanwhile. Each append is
// answered for itself. The call ends with an error when it cannot go on for any append:
// a wrong password, another leader, or the end of the server.
func (s *Server) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	if s.options.NoBatchAppend {
		return s.UnimplementedStreamsServer.BatchAppend(stream)
	}
	if err := s.authenticate(stream.Context()); err != nil {
		return answer(stream.Context(), "", err)
	}
	ctx, end := context.WithCancelCause(stream.Context())
	call := &batchCall{
		server: s, stream: stream, ctx: ctx, end: end,
		parts: map[uuid.UUID]*batchAppend{}, waiting: make(chan *batchAppend, maxGroup),
	}
	received := make(chan error, 1)
	go func() { received <- call.receive() }()
	err := call.serve(received)
	end(err)
	call.finishing.Wait()
	return answer(stream.Context(), "", err)
}

// batchCall is one call of BatchAppend.
type batchCall struct {
	server *Server
	stream streams.Streams_BatchAppendServer
	ctx    context.Context //nolint:containedctx // that of the call, with its headers
	end    context.CancelCauseFunc
	// parts are the appends of which the last part has not arrived. Only receive uses it.
	parts   map[uuid.UUID]*batchAppend
	waiting chan *batchAppend // complete appends that are not written yet
	// admitting and finishing count the appends in a hook of the options, before they
	// are written and after.
	admitting, finishing sync.WaitGroup
	sending              sync.Mutex // answers are sent one at a time
}

// batchAppend is one append of a call.
type batchAppend struct {
	eventstore.Append
	request *streams.BatchAppendReq // the first part, with the options
	due     time.Time
	size    int
	refused bool   // answered already; the rest of its parts is ignored
	leave   func() // of HoldSame
}

// receive collects appends until the call ends. It returns nil when the client has
// closed its side and all that it sent wait to be written.
func (c *batchCall) receive() error {
	for {
		part, err := c.stream.Recv()
		if errors.Is(err, io.EOF) {
			c.admitting.Wait()
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.take(part); err != nil {
			return err
		}
	}
}

// take adds a part to its append, and passes the append on when it is complete. Its
// error ends the call.
func (c *batchCall) take(part *streams.BatchAppendReq) error {
	id, err := eventID(part.GetCorrelationId())
	if err != nil {
		return status.Error(codes.InvalidArgument, "a correlation id is expected")
	}
	one := c.parts[id]
	if one == nil {
		one = &batchAppend{request: part, due: dueOf(part.GetOptions())}
		c.parts[id] = one
		one.Append, err = batchOptions(part.GetOptions())
	}
	if err == nil && !one.refused {
		err = one.add(part.GetProposedMessages())
	}
	if part.GetIsFinal() {
		delete(c.parts, id)
	}
	if err != nil {
		one.refused = true
		return c.answer(one, eventstore.Appended{}, err)
	}
	if !part.GetIsFinal() || one.refused {
		return nil
	}
	return c.admit(one)
}

// add appends the events of a part. Errors: ErrTooLarge, and InvalidArgument for an
// event without an id.
func (a *batchAppend) add(messages []*streams.BatchAppendReq_ProposedMessage) error {
	for _, message := range messages {
		event, err := proposed(message)
		if err != nil {
			return err
		}
		if a.size += len(event.Data) + len(event.Metadata) + len(event.Type); a.size > maxAppend {
			return eventstore.ErrTooLarge
		}
		a.Events = append(a.Events, event)
	}
	return nil
}

// admit checks a complete append and lets it wait for its turn. The hooks of the
// options may block, so an append that they see has a goroutine of its own.
func (c *batchCall) admit(one *batchAppend) error {
	options := c.server.options
	if options.Before == nil && options.HoldSame == 0 {
		return c.admitted(one, c.server.allow(c.ctx, writes, one.Stream))
	}
	c.admitting.Go(func() {
		if err := c.admitted(one, c.pass(one)); err != nil {
			c.end(err)
		}
	})
	return nil
}

// pass runs what may block before an append is written.
func (c *batchCall) pass(one *batchAppend) error {
	if err := c.server.before(c.ctx, "Append"); err != nil {
		return err
	}
	if err := c.server.allow(c.ctx, writes, one.Stream); err != nil {
		return err
	}
	if c.server.options.HoldSame == 0 {
		return nil
	}
	first, leave := c.server.inFlight.enter(one.Append)
	one.leave = leave
	if !first {
		return waitForLock(c.ctx, c.server.options.HoldSame)
	}
	return nil
}

// admitted answers an append that was refused or is empty, and queues any other. Its
// error ends the call.
func (c *batchCall) admitted(one *batchAppend, err error) error {
	if err != nil || len(one.Events) == 0 { // a real server reports success of nothing
		return c.answer(one, eventstore.Appended{}, err)
	}
	select {
	case c.waiting <- one:
	case <-c.ctx.Done():
	}
	return nil
}

// serve writes group after group until the call ends, and returns the error that it
// ends with. What was received is answered first when the client has closed its side,
// and when the server stops.
func (c *batchCall) serve(received <-chan error) error {
	for {
		select {
		case one := <-c.waiting:
			if err := c.write(c.group(one)); err != nil {
				return err
			}
		case err := <-received:
			if err != nil {
				return err
			}
			return c.drain()
		case <-c.server.stopping:
			return errors.Join(c.drain(), errStopping)
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		}
	}
}

// drain writes and answers what waits.
func (c *batchCall) drain() error {
	for len(c.waiting) > 0 {
		if err := c.write(c.group(<-c.waiting)); err != nil {
			return err
		}
	}
	c.finishing.Wait()
	return nil
}

// group takes all appends that wait.
func (c *batchCall) group(first *batchAppend) []*batchAppend {
	group := []*batchAppend{first}
	for len(group) < maxGroup {
		select {
		case one := <-c.waiting:
			group = append(group, one)
		default:
			return group
		}
	}
	return group
}
