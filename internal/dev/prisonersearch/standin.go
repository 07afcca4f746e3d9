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

// Path is the route of the look-up by number.
const Path = "/prisoner-search/prisoner-numbers"

// MaxNumbers is how many numbers one request may ask for.
const MaxNumbers = 1000

// Estate knows prisoners. [estate.Estate] does, and what [WithExamples] returns. The
// people must not be changed.
type Estate interface {
	Find(number domain.PrisonerNumber) (estate.Prisoner, bool)
	People() []estate.Prisoner
}

// StandIn is the service as an [http.Handler]. It behaves well until it is asked
// otherwise; its behaviour may be turned while it serves.
type StandIn struct {
	estate Estate
	mux    *http.ServeMux

	mu        sync.Mutex
	behaviour settings
	asked     int
}

// New is a stand-in that behaves well.
func New(e Estate) *StandIn {
	s := &StandIn{estate: e, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST "+Path, s.numbers)
	s.mux.HandleFunc("GET /prison/{prisonId}/prisoners", s.prison)
	s.mux.HandleFunc("POST /global-search", s.global)
	return s
}

// ServeHTTP answers one request.
func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// numbers answers the look-up by number.
func (s *StandIn) numbers(w http.ResponseWriter, r *http.Request) {
	numbers, err := read(r)
	behave, well := s.begin(w, r)
	switch {
	case !well:
	case err != nil || len(numbers) > MaxNumbers:
		http.Error(w, "at most 1000 prisonerNumbers", http.StatusBadRequest)
	case behave.lie != nil:
		answer(w, behave.lie(numbers))
	default:
		answer(w, encode(shown(s.known(numbers), r, behave)))
	}
}

// begin counts a request and applies what keeps it from being answered well. It reports
// whether it is to be answered. The body must have been read: only then is it seen when
// the caller leaves.
func (s *StandIn) begin(w http.ResponseWriter, r *http.Request) (settings, bool) {
	behave := s.next()
	if behave.held != nil {
		select {
		case <-behave.held:
		case <-r.Context().Done():
			return behave, false
		}
	}
	switch {
	case behave.status != 0:
		http.Error(w, http.StatusText(behave.status), behave.status)
	case behave.token != "" && r.Header.Get("Authorization") != "Bearer "+behave.token:
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	default:
		return behave, true
	}
	return behave, false
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

// known returns the prisoners that the estate has. Unknown numbers are left out.
func (s *StandIn) known(numbers []string) []estate.Prisoner {
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
	return found
}

// encode writes JSON.
func encode(value any) []byte {
	text, _ := json.Marshal(value) // texts and numbers only: cannot fail
	return text
}

// answer writes a JSON body.
func answer(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // the caller may be gone
}
