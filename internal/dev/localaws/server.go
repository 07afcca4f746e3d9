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
	// Address is "host:port"; empty means a free port on loopback.
	Address string
	// File stores the messages, so that they survive the end of the process. Empty: in
	// memory only.
	File string
	// Fail is called before each action, such as "ReceiveMessage". A status other than
	// 0 is the response, with an error of that code. It may be nil. Here and below, a
	// text after ": " in a code is the message of the error.
	Fail func(action string) (status int, code string)
	// FailBatch is called for each batch that a topic receives. A status other than 0
	// is the response to the whole batch, of which nothing is delivered. It may be nil
	// and must not call the server.
	FailBatch func(topic string, entries []Entry) (status int, code string)
	// FailEntry is called for each entry of a batch that a topic or, by its name, a queue
	// receives. A code other than "" is the entry's result, and it is not delivered. It may be nil and must not call the
	// server.
	FailEntry func(topic string, e Entry) (code string, senderFault bool)
	// Delay is called before each action and returns how long to wait. It may be nil.
	Delay func(action string) time.Duration
	// Lose reports whether the connection is closed after an action of a topic, or a
	// SendMessageBatch, was performed. The outcome is then unknown to the caller. It may be nil.
	Lose func(action string) bool
}

// Server serves queues and topics over HTTP. Its methods are safe for concurrent use.
// Make one with Start.
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

// Visibility is how long a received message stays hidden by default. It is the default
// of SQS.
const Visibility = 30 * time.Second

// Start restores the messages of Options.File, listens and serves until Stop. ctx
// bounds the start only. Errors: an unreadable file, or an address that is taken.
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

// URL returns the endpoint, for AWS_ENDPOINT_URL.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// grace is the time for responses in flight. A connection that was opened and never
// used would delay an orderly shutdown by five seconds.
const grace = 500 * time.Millisecond

// Stop ends long polls and requests and returns when serving has ended. A second call
// is no error.
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

// Queue creates a queue unless it exists, and returns its URL.
func (s *Server) Queue(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name)
	return s.URL() + "/000000000000/" + name
}

// named returns the queue with a name and creates it if necessary. The caller holds the
// lock.
func (s *Server) named(name string) *queue {
	if s.queues[name] == nil {
		s.queues[name] = newQueue(name, Visibility)
	}
	return s.queues[name]
}

// Hide sets the visibility timeout of a queue, for later receipts.
func (s *Server) Hide(name string, visibility time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name).visibility = visibility
}

// Bound limits a queue to most messages and returns its URL. The oldest are dropped,
// and the queue is not stored in the file. It is for a queue that may stay unread.
func (s *Server) Bound(name string, most int) string {
	url := s.Queue(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named(name).most = most
	return url
}

// Redrive moves messages of a queue to another one after maxReceives receipts: SQS's
// dead-letter queue.
func (s *Server) Redrive(name, dead string, maxReceives int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.named(name)
	q.dead, q.maxReceives = s.named(dead), maxReceives
}

// Send adds a message to a queue, which is created if necessary, and returns the
// message's id.
func (s *Server) Send(name, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.named(name).send(body)
	s.save()
	return m.ID
}

// Messages returns copies of the messages in a queue, hidden ones included.
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
