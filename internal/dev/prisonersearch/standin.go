// Package prisonersearch stands in for the Prisoner Search service in
// development and tests: it answers from a made-up estate, and in tests also
// badly, as the real one may.
package prisonersearch

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
)

// Path is the one route.
const Path = "/prisoner-search/prisoner-numbers"

// MaxNumbers is how many numbers one request may ask for.
const MaxNumbers = 1000

// Estate knows prisoners; [estate.Estate] does.
type Estate interface {
	Find(number domain.PrisonerNumber) (estate.Prisoner, bool)
}

// StandIn is the service as an [http.Handler]. It behaves well until it is asked
// otherwise; its behaviour may be turned while it serves.
type StandIn struct {
	estate Estate

	mu        sync.Mutex
	behaviour settings
	asked     int
}

// settings are the ways in which it behaves badly.
type settings struct {
	down  bool
	held  <-chan struct{}
	lie   func(asked []string) []byte
	token string
}

// New is a stand-in that behaves well.
func New(e Estate) *StandIn { return &StandIn{estate: e} }

// Down makes it answer 503, or well again.
func (s *StandIn) Down(down bool) { s.change(func(k *settings) { k.down = down }) }

// Hold keeps back every answer until the channel is closed; nil ends that.
func (s *StandIn) Hold(until <-chan struct{}) { s.change(func(k *settings) { k.held = until }) }

// Lie answers 200 with whatever the function makes of the numbers; nil ends
// that.
func (s *StandIn) Lie(lie func(asked []string) []byte) { s.change(func(k *settings) { k.lie = lie }) }

// Demand answers 401 to requests without this bearer token; "" accepts all requests.
func (s *StandIn) Demand(token string) { s.change(func(k *settings) { k.token = token }) }

// Asked is how many requests have come.
func (s *StandIn) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// change changes the behaviour of later requests.
func (s *StandIn) change(set func(*settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(&s.behaviour)
}

// next returns the behaviour for a request and counts it.
func (s *StandIn) next() settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.behaviour
}

// ServeHTTP answers one request.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != Path {
		http.NotFound(w, r)
		return
	}
	numbers, err := read(r)
	behave := s.next()
	if behave.held != nil {
		select {
		case <-behave.held:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case behave.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case behave.token != "" && r.Header.Get("Authorization") != "Bearer "+behave.token:
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	case err != nil || len(numbers) > MaxNumbers:
		http.Error(w, "at most 1000 prisonerNumbers", http.StatusBadRequest)
	case behave.lie != nil:
		answer(w, behave.lie(numbers))
	default:
		answer(w, s.known(numbers))
	}
}

// read returns the numbers that a request asks for.
func read(r *http.Request) ([]string, error) {
	var asked struct {
		PrisonerNumbers []string `json:"prisonerNumbers"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // to the end: only then is it seen when the caller leaves
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(body, &asked)
	return asked.PrisonerNumbers, err
}

// known returns the prisoners that the estate has, as JSON. Unknown numbers are left
// out.
func (s *StandIn) known(numbers []string) []byte {
	found := []estate.Prisoner{}
	for _, text := range numbers {
		number, err := domain.ParsePrisonerNumber(text)
		if err != nil {
			continue
		}
		if prisoner, there := s.estate.Find(number); there {
			found = append(found, prisoner)
		}
	}
	text, _ := json.Marshal(found) // texts only: cannot fail
	return text
}

// answer writes a JSON body.
func answer(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // the caller may be gone
}
