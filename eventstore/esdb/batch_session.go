package esdb

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// batchSession is one call of BatchAppend on its own connection. One goroutine sends
// and one receives: no caller waits in gRPC, where flow control would hold it.
type batchSession struct {
	conn      *grpc.ClientConn
	node      string // the address of the connection
	call      streams.Streams_BatchAppendClient
	ctx       context.Context //nolint:containedctx // that of the call
	cancel    context.CancelCauseFunc
	durations bool  // a deadline is a time span, and not a time of day
	family    int64 // the first half of all correlation ids of the call
	queue     chan *waitingAppend

	mu      sync.Mutex
	last    int64 // the second half of the last correlation id
	waiting map[int64]*waitingAppend
	retired bool      // no append begins on it any more
	failed  time.Time // when its node answered that it cannot append, or the call broke; zero: never
	heard   bool      // something was received on the call
	// asked is whether an answer is due: an append is in flight, or was and has left without
	// one. since is when that began, or when something was last received.
	asked bool
	since time.Time

	// over is closed when the call has ended. err is the error of all that were in flight,
	// and leader the address to which a node has referred; "" when it has not.
	over   chan struct{}
	err    error
	leader string
	ends   sync.WaitGroup // the two goroutines
}

// waitingAppend is one attempt of an append. answer has room for its only answer.
type waitingAppend struct {
	id      int64
	message grpc.PreparedMsg
	answer  chan result[eventstore.Appended]
	left    atomic.Bool // its caller has left, so it need not be sent
}

// queued is how many appends wait for the sender before their callers do.
const queued = 64

// errRetired means that a call takes no more appends. Nothing was sent.
var errRetired = errors.New("the call was retired")

// enlist prepares an append for the call and registers it for its answer. It must be
// left. limit is the deadline that the server is told. The append is encoded here, so that
// one that cannot be encoded fails by itself. Errors: errRetired, and that of the encoding.
func (b *batchSession) enlist(wanted eventstore.Append, limit time.Duration) (*waitingAppend, error) {
	waiting := &waitingAppend{answer: make(chan result[eventstore.Appended], 1)}
	b.mu.Lock()
	if b.retired {
		b.mu.Unlock()
		return nil, errRetired
	}
	b.last++
	waiting.id = b.last
	if !b.asked {
		b.asked, b.since = true, time.Now()
	}
	b.waiting[waiting.id] = waiting
	b.mu.Unlock()
	if err := waiting.message.Encode(b.call, batchRequest(wanted, b.family, waiting.id, b.deadline(limit))); err != nil {
		b.leave(waiting)
		return nil, status.Errorf(codes.InvalidArgument, "the append cannot be encoded: %v", err)
	}
	return waiting, nil
}

// leave forgets an attempt. An answer that comes later is ignored.
func (b *batchSession) leave(waiting *waitingAppend) {
	waiting.left.Store(true)
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, waiting.id)
	b.endIfDone()
}

// retire lets the next append search for a server. The call ends with the last answer
// to those in flight.
func (b *batchSession) retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retired = true
	b.endIfDone()
}

// refuse retires a call whose node has answered that it cannot append.
func (b *batchSession) refuse() {
	b.fail()
	b.retire()
}

// fail notes the first failure of the call.
func (b *batchSession) fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed.IsZero() {
		b.failed = time.Now()
	}
}

// hint returns what the call says of the leader to the search that follows it: the address
// that is tried first, and when the call has failed. One that is retired for its age alone
// has not, and its node still leads.
func (b *batchSession) hint() (leader string, failed time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.isOver() && !errors.Is(b.err, errRetired):
		return b.leader, b.failed
	case b.retired && b.failed.IsZero():
		return b.node, time.Time{}
	}
	return "", b.failed
}

// endIfDone ends a retired call on which nothing is in flight. The caller holds the lock.
func (b *batchSession) endIfDone() {
	if b.retired && len(b.waiting) == 0 {
		b.cancel(errRetired)
	}
}

// end ends a call on which nothing was sent, and waits for that. A nil session is none.
func (b *batchSession) end() {
	if b != nil {
		b.retire()
		b.ends.Wait()
	}
}

// takes reports whether an append may begin on the call.
func (b *batchSession) takes() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.retired && !b.isOver()
}

// sendAll sends what is queued until the call ends. When sending fails, the receiver
// gets the reason.
func (b *batchSession) sendAll() {
	for {
		select {
		case waiting := <-b.queue:
			if !waiting.left.Load() && b.call.SendMsg(&waiting.message) != nil {
				return
			}
		case <-b.over:
			return
		}
	}
}

// receiveAll hands answers over until the call ends.
func (b *batchSession) receiveAll() {
	for {
		response, err := b.call.Recv()
		if err != nil {
			b.finish(err)
			return
		}
		b.deliver(response)
	}
}

// deliver hands an answer to the append that waits for it. One that nobody waits for
// came twice, or its caller has left.
func (b *batchSession) deliver(response *streams.BatchAppendResp) {
	family, id, is := correlation(response)
	b.mu.Lock()
	waiting := b.waiting[id]
	if !is || family != b.family {
		waiting = nil
	}
	if waiting != nil {
		delete(b.waiting, id)
	}
	b.heard, b.asked = true, len(b.waiting) > 0
	if b.asked {
		b.since = time.Now()
	}
	b.mu.Unlock()
	if waiting != nil {
		value, err := batchAnswer(response)
		waiting.answer <- result[eventstore.Appended]{value, err}
	}
}

// finish ends the session with the error of its call.
func (b *batchSession) finish(err error) {
	if cause := context.Cause(b.ctx); cause != nil {
		b.err = cause
	} else {
		b.err = endOfCall(err, b.heard) // only this goroutine writes heard
		b.leader = leaderIn(b.call.Trailer())
	}
	if !errors.Is(b.err, errRetired) {
		b.fail()
	}
	b.cancel(nil)
	_ = b.conn.Close()
	close(b.over)
}

// isOver reports whether the call has ended.
func (b *batchSession) isOver() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// distrust ends the call when an answer is due and nothing was received for a time, and
// returns the error that it ends with. A dead connection looks like that.
func (b *batchSession) distrust(limit time.Duration) error {
	b.mu.Lock()
	dead := b.asked && time.Since(b.since) >= limit
	b.mu.Unlock()
	if !dead {
		return nil
	}
	silent := status.Errorf(codes.Unavailable, "nothing received for %v", limit)
	b.cancel(silent)
	return silent
}

// endOfCall returns the error of the appends that were in flight when a call ended.
// Their outcome is unknown, whatever the server says of the call. It is certain only
// when the server has refused the call as a whole, before any answer.
func endOfCall(err error, heard bool) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.Unavailable, "the server ended the call")
	}
	switch code := status.Code(err); code {
	case codes.Unimplemented:
		if !heard {
			return errNoBatch
		}
	case codes.Unauthenticated, codes.PermissionDenied:
		if !heard {
			return err
		}
	case codes.InvalidArgument, codes.OutOfRange:
	default:
		return err
	}
	return status.Errorf(codes.Unknown, "the call ended: %v", err)
}

// leaderIn returns the address of the leader in the trailers of a node that is none; ""
// when there is none.
func leaderIn(trailers metadata.MD) string {
	host, port := trailers.Get("leader-endpoint-host"), trailers.Get("leader-endpoint-port")
	if len(host) == 0 || len(port) == 0 {
		return ""
	}
	number, err := strconv.ParseUint(port[0], 10, 16)
	if err != nil {
		return ""
	}
	return (&esdb.EndPoint{Host: host[0], Port: uint16(number)}).String()
}
