package nomisapi

import (
	"encoding/json"
	"net/http"
	"slices"
)

// listFaults is GET /faults: those that are on.
func (s *Server) listFaults(*http.Request, *call) (answer, error) { return ok(s.faults.list()), nil }

// addFault is POST /faults. A fault that damages rows begins with the newest
// non-association of its pair, if there is one.
func (s *Server) addFault(r *http.Request, c *call) (answer, error) {
	var fault Fault
	if err := json.Unmarshal([]byte(c.Body), &fault); err != nil {
		return answer{}, badRequest("the body must be a fault: %v", err)
	}
	if err := fault.check(); err != nil {
		return answer{}, badRequest("%v", err)
	}
	s.faults.add(fault)
	if fault.Fault == movingPages {
		s.pages.forget()
	}
	if slices.Contains(damageFaults, fault.Fault) && len(fault.Pair) == 2 {
		err := s.changePair(r.Context(), byStaff, isSilent(r), fault.Pair[0], fault.Pair[1], func(w *change, rows *pair) error {
			w.damageNewest(rows)
			return nil
		})
		if err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusCreated, body: fault}, nil
}

// removeFaults is DELETE /faults: all, or those of ?fault=. Messages that a fault held
// back are sent.
func (s *Server) removeFaults(r *http.Request, _ *call) (answer, error) {
	s.faults.remove(r.URL.Query().Get("fault"))
	s.outbox.flush()
	return answer{status: http.StatusNoContent}, nil
}

// isSilent reports whether a change of staff sends no message.
func isSilent(r *http.Request) bool { return r.URL.Query().Get("silent") == "true" }
