// Package userroles stands in for the organisation's service of user roles: it says which
// caseloads the user of a token has.
package userroles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Caseload is a prison of a user.
type Caseload struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Caseloads is an answer of GET /me/caseloads.
type Caseloads struct {
	Active *Caseload  `json:"activeCaseload"`
	All    []Caseload `json:"caseloads"`
}

// Verify returns the user of a token. The error means that the token is refused.
type Verify func(ctx context.Context, token string) (user string, err error)

// Server is one stand-in on loopback. Its methods are safe for concurrent use.
type Server struct {
	address string
	verify  Verify
	stop    func() error

	mu    sync.Mutex
	users map[string]Caseloads
	asked int
	fault int // the status of every answer; 0 for none
}

// Start serves on a free port of loopback until Stop. ctx bounds the start only.
func Start(ctx context.Context, verify Verify) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for user roles: %w", err)
	}
	s := &Server{address: "http://" + listener.Addr().String(), verify: verify, users: people()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me/caseloads", s.caseloads)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.stop = sync.OnceValue(func() error {
		err := server.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return s, nil
}

// people are the caseloads of the development run's users; the others have none.
func people() map[string]Caseloads {
	a, b := Caseload{"XAA", "Example A (HMP)"}, Caseload{"XAB", "Example B (HMP)"}
	users := map[string]Caseloads{"OFFICER_B": {&b, []Caseload{b}}, "GLOBAL": {&a, []Caseload{a, b}}}
	for _, name := range []string{"OFFICER_A", "READER_A", "POM_A", "GLOBAL_SEARCHER", "INACTIVE_SEARCHER", "MANAGER_A", "AUDITOR"} {
		users[name] = Caseloads{&a, []Caseload{a}}
	}
	return users
}

// URL returns the address, for USER_ROLES_API_URL.
func (s *Server) URL() string { return s.address }

// Stop closes the server and all its connections.
func (s *Server) Stop() error { return s.stop() }

// Set changes the caseloads of a user.
func (s *Server) Set(user string, c Caseloads) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user] = c
}

// SetFault makes every answer one with this status; 0 ends it.
func (s *Server) SetFault(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = status
}

// Asked returns how many requests there were.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// caseloads is GET /me/caseloads.
func (s *Server) caseloads(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	fault := s.fault
	s.mu.Unlock()
	if fault != 0 {
		http.Error(w, "fault", fault)
		return
	}
	text, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, err := s.verify(r.Context(), text)
	if err != nil || !bearer {
		http.Error(w, "no token", http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	found := s.users[user]
	s.mu.Unlock()
	found.All = append([]Caseload{}, slices.Clone(found.All)...)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // a reader that left needs no answer
}
