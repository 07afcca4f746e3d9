package prisonersearch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a stand-in that listens on loopback.
type Server struct {
	*StandIn

	http   *http.Server
	url    string
	served chan struct{} // closed when it has ended
}

// Serve listens on a free port of loopback until Stop.
func Serve(ctx context.Context, e Estate) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the prisoner directory: %w", err)
	}
	standIn := New(e)
	s := &Server{
		StandIn: standIn,
		http:    &http.Server{Handler: standIn, ReadHeaderTimeout: 5 * time.Second},
		url:     "http://" + listener.Addr().String(),
		served:  make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // always ErrServerClosed, or a listener that broke
	}()
	return s, nil
}

// URL is what PRISONER_SEARCH_URL would be.
func (s *Server) URL() string { return s.url }

// Stop ends the serving, answers under way too, and returns when it has ended. Again it
// does nothing.
func (s *Server) Stop() error {
	err := s.http.Close()
	<-s.served
	if err != nil {
		return fmt.Errorf("stop the prisoner directory: %w", err)
	}
	return nil
}
