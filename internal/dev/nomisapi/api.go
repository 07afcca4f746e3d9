package nomisapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// routes are all calls. Those of the API need a token.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	const pairPath = "/non-associations/offender/{a}/ns-offender/{b}"
	for pattern, do := range map[string]handler{
		"POST /non-associations":                  s.create,
		"PUT " + pairPath + "/sequence/{n}":       s.update,
		"PUT " + pairPath + "/sequence/{n}/close": s.end,
		"DELETE " + pairPath + "/sequence/{n}":    s.remove,
		"GET " + pairPath:                         s.one,
		"GET " + pairPath + "/all":                s.all,
		"GET /non-associations/ids":               s.list,
		"GET /non-associations/booking/{booking}": s.ofBooking,
		"GET /prisoners/{no}/merges":              s.merges,
		"GET /splash-screens/{module}":            s.splashScreen,
		"GET /splash-screens/{module}/blocked":    s.blocked,
	} {
		mux.HandleFunc(pattern, s.api(do))
	}
	for pattern, do := range map[string]handler{
		"POST /staff/non-associations":               s.staffCreate,
		"PATCH /staff/non-associations/{a}/{b}/{n}":  s.staffUpdate,
		"DELETE /staff/non-associations/{a}/{b}/{n}": s.staffDelete,
		"POST /staff/merges":                         s.staffMerge,
		"POST /staff/booking-moves":                  s.staffMove,
		"DELETE /staff/bookings/{no}":                s.staffDeleteBooking,
		"GET /staff/rows/{a}/{b}":                    s.staffRows,
		"GET /staff/calls":                           s.calls,
		"PUT /staff/splash-screens/{module}":         s.staffSplashScreen,
		"GET /faults":                                s.listFaults,
		"POST /faults":                               s.addFault,
		"DELETE /faults":                             s.removeFaults,
		"GET /{$}":                                   s.home,
	} {
		mux.HandleFunc(pattern, s.open(do))
	}
	mux.HandleFunc("POST /staff/records", s.staffFill)
	mux.HandleFunc("POST /oauth/token", s.token)
	return mux
}

// open serves a call without a token, faults and record.
func (s *Server) open(do handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := newCall(w, r, s.options.Now())
		if err != nil {
			refuse(badRequest("the body cannot be read")).write(w)
			return
		}
		a, err := do(r, c)
		if err != nil {
			a = refuse(err)
		}
		a.write(w)
	}
}

// api serves a call of the API. It is recorded before it is answered.
func (s *Server) api(do handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := newCall(w, r, s.options.Now())
		if err != nil {
			refuse(badRequest("the body cannot be read")).write(w)
			return
		}
		a := s.answer(r, c, do)
		if c.Status = a.status; c.writes() && a.status < http.StatusMultipleChoices {
			_, c.AnswerLost = s.faults.take(answerLost, c.pair)
		}
		s.record(r.Context(), *c)
		if c.AnswerLost {
			panic(http.ErrAbortHandler) // breaks the connection
		}
		a.write(w)
	}
}

// answer answers a call of the API, with the faults that come before its work.
func (s *Server) answer(r *http.Request, c *call, do handler) answer {
	if fault, on := s.faults.take(delayed, c.pair); on {
		waitFor(r.Context(), fault.wait())
	}
	if _, on := s.faults.take(error503, c.pair); on {
		return answer{http.StatusServiceUnavailable, "text/html", "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"}
	}
	if _, on := s.faults.take(html404, c.pair); on {
		return answer{http.StatusNotFound, "text/html", "<html><body><h1>404 Not Found</h1></body></html>"}
	}
	if refused := s.authorise(r); refused != 0 {
		return refused.answer()
	}
	if c.writes() {
		if _, on := s.faults.take(locked, c.pair); on {
			return refuse(errLocked)
		}
	}
	if c.pair != (pairKey{}) {
		_, c.unknown = s.faults.take(prisonerUnknown, c.pair)
	}
	a, err := do(r, c)
	if err != nil {
		return refuse(err)
	}
	return a
}

// waitFor waits for a time, or until the caller leaves.
func waitFor(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// noEntry is the status with which a token is refused, 0 for one that is good.
type noEntry int

// answer returns the answer, as Spring Security gives it: 401 has no body, 403 the
// status alone.
func (n noEntry) answer() answer {
	if n == http.StatusForbidden {
		return answer{status: int(n), body: errorBody{Status: int(n)}}
	}
	return answer{status: int(n)}
}

// authorise checks the token of a request.
func (s *Server) authorise(r *http.Request) noEntry {
	token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !is {
		return http.StatusUnauthorized
	}
	roles, err := s.options.Verify(token)
	switch {
	case err != nil:
		return http.StatusUnauthorized
	case !slices.Contains(roles, Role):
		return http.StatusForbidden
	}
	return 0
}
