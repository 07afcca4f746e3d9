package prisonersearch

import "net/http"

// settings are the ways in which a stand-in behaves badly.
type settings struct {
	status   int // answered to everything; 0: none
	held     <-chan struct{}
	lie      func(asked []string) []byte
	token    string
	missing  int
	unstable bool
	leaveOut []string
}

// Down makes it answer 503, or well again.
func (s *StandIn) Down(down bool) {
	status := 0
	if down {
		status = http.StatusServiceUnavailable
	}
	s.Refuse(status)
}

// Refuse makes it answer a status, such as 401 or 403, to everything; 0 ends that.
func (s *StandIn) Refuse(status int) { s.change(func(k *settings) { k.status = status }) }

// Hold keeps back every answer until the channel is closed; nil ends that.
func (s *StandIn) Hold(until <-chan struct{}) { s.change(func(k *settings) { k.held = until }) }

// Lie answers look-ups by number with 200 and whatever the function makes of the numbers;
// nil ends that.
func (s *StandIn) Lie(lie func(asked []string) []byte) { s.change(func(k *settings) { k.lie = lie }) }

// Demand answers 401 to requests without this bearer token; "" accepts all requests.
func (s *StandIn) Demand(token string) { s.change(func(k *settings) { k.token = token }) }

// Miss leaves the last people of a page out, and counts them in its total all the same;
// 0 ends that.
func (s *StandIn) Miss(people int) { s.change(func(k *settings) { k.missing = people }) }

// Unstable cuts the pages of a search anew for each request, as the real service does:
// people come twice on two pages, and others on none.
func (s *StandIn) Unstable(unstable bool) { s.change(func(k *settings) { k.unstable = unstable }) }

// LeaveOut leaves fields of a prisoner out of every answer; none ends that.
func (s *StandIn) LeaveOut(fields ...string) { s.change(func(k *settings) { k.leaveOut = fields }) }

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
