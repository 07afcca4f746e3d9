package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options of a Server.
type Options struct {
	// Address to listen on, a free port of this machine when empty.
	Address string
	// File keeps the messages, so that a run that was killed goes on with them;
	// none when empty.
	File string
	// Fail is asked before each action ("ReceiveMessage"); a status other than 0
	// is the answer, with an error of that code. It may be nil. Here and below,
	// what stands behind ": " in a code is the error's message.
	Fail func(action string) (status int, code string)
	// FailBatch is asked for each batch that a topic gets; a status other than 0 is
	// the answer to the whole of it, and nothing of it is delivered. It may be nil,
	// and must not call the server.
	FailBatch func(topic string, entries []Entry) (status int, code string)
	// FailEntry is asked for each entry of a batch that a topic gets; a code other
	// than "" is its answer, and nothing of it is delivered. It may be nil, and
	// must not call the server.
	FailEntry func(topic string, e Entry) (code string, senderFault bool)
	// Delay holds an action back before it is done; it may be nil.
	Delay func(action string) time.Duration
	// Lose cuts the connection after an action of a topic is done, so that no caller
	// knows how it went; it may be nil.
	Lose func(action string) bool
}

// Server is queues and topics over HTTP. Everything on it may be called at any time.
type Server struct {
	options  Options
	http     *http.Server
	listener net.Listener
	ended    chan error
	stop     context.CancelFunc

	mu     sync.Mutex
	queues map[string]*queue
	topics map[string]*topic // by ARN
}

// Visibility is how long a received message stays hidden by default.
const Visibility = 30 * time.Second

// Start listens and serves until Stop.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	s := &Server{options: options, queues: map[string]*queue{}, topics: map[string]*topic{}, ended: make(chan error, 1)}
	if err := s.restore(); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for the local queues: %w", err)
	}
	s.listener = listener
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.handle), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return running },
	}
	go func() {
		s.ended <- s.http.Serve(listener)
		close(s.ended)
	}()
	return s, nil
}

// URL is what AWS_ENDPOINT_URL has to be.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// grace is more than an answer takes that is on its way. A connection on which
// nothing was ever asked would hold a shutdown up for longer.
const grace = 500 * time.Millisecond

// Stop ends it, long polls too. Stopping twice is no error.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		if err := s.http.Close(); err != nil {
			return fmt.Errorf("stop the local queues: %w", err)
		}
	}
	if err, first := <-s.ended; first && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the local queues: %w", err)
	}
	return nil
}

// Queue makes a queue, unless it is there, and returns its URL.
func (s *Server) Queue(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name)
	return s.URL() + "/000000000000/" + name
}

// named returns the queue of that name and makes it if need be.
func (s *Server) named(name string) *queue {
	if s.queues[name] == nil {
		s.queues[name] = newQueue(name, Visibility)
	}
	return s.queues[name]
}

// Hide sets for how long a received message of a queue stays hidden.
func (s *Server) Hide(name string, visibility time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name).visibility = visibility
}

// Bound lets the oldest messages of a queue go when it holds more than so many;
// such a queue is not kept in the file. It is for a queue that may stay unread.
func (s *Server) Bound(name string, most int) string {
	url := s.Queue(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name).most = most
	return url
}

// Redrive moves messages of a queue to another one after so many receipts.
func (s *Server) Redrive(name, dead string, maxReceives int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.named(name)
	q.dead, q.maxReceives = s.named(dead), maxReceives
}

// Send puts a message into a queue and returns its id.
func (s *Server) Send(name, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.named(name).send(body)
	s.save()
	return m.ID
}

// Messages is what a queue holds, hidden ones too.
func (s *Server) Messages(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, m := range s.named(name).messages {
		all = append(all, *m)
	}
	return all
}

// writeError answers with an error in the JSON form of AWS.
func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + code, "message": message})
}

// writeJSON answers with a result in the JSON form of AWS.
func writeJSON(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", contentType)
	_ = json.NewEncoder(w).Encode(answer)
}

const contentType = "application/x-amz-json-1.0"
