package nomisapi

import (
	"net/http"
	"strconv"
)

// handler answers one call. An error is answered by refuse.
type handler func(r *http.Request, c *call) (answer, error)

// create is POST /non-associations.
func (s *Server) create(r *http.Request, c *call) (answer, error) {
	v, err := parseValues([]byte(c.Body), "offenderNo", "nsOffenderNo", "reason", "recipReason", "type", effectiveDate)
	if err != nil {
		return answer{}, err
	}
	if err := v.checkText(); err != nil {
		return answer{}, err
	}
	a, b := *v.OffenderNo, *v.NSOffenderNo
	if a == b {
		return answer{}, badRequest("Offender and NS Offender cannot be the same")
	}
	s.mangle(&v, c.pair)
	seq := 0
	err = s.changePair(r.Context(), byAPI, false, a, b, func(w *change, rows *pair) error {
		if err := s.mayCreate(w, rows, v, c.unknown); err != nil {
			return err
		}
		seq = rows[0].next()
		if other := rows[1].next(); other != seq {
			return unexpected("Non-association type sequence mismatch for offender=%s and nsOffender=%s: %d and %d", a, b, seq, other)
		}
		w.closeOpen(&rows[0])
		w.closeOpen(&rows[1])
		w.putParents(rows, *v.Reason, *v.RecipReason)
		w.put(&rows[0], v.apply(detail{Seq: seq}, *v.Reason))
		w.put(&rows[1], v.apply(detail{Seq: seq}, *v.RecipReason))
		return nil
	})
	return answer{status: http.StatusCreated, body: map[string]int{"typeSequence": seq}}, err
}

// mayCreate returns why a non-association is refused, in the order of the real API.
func (s *Server) mayCreate(w *change, rows *pair, v values, unknown bool) error {
	for i, name := range []string{"Offender", "NS Offender"} {
		if !rows[i].of.known || unknown {
			return badRequest("%s with nomsId=%s not found", name, rows[i].of.no)
		}
	}
	if err := v.checkCodes(w.today); err != nil {
		return err
	}
	for i := range rows {
		if rows[i].of.booking == 0 {
			return unexpected("Offender %s has no bookings", rows[i].of.no)
		}
	}
	a, b := rows[0].of.no, rows[1].of.no
	switch {
	case (rows[0].parent == nil) != (rows[1].parent == nil):
		return badRequest("Opposite non-association missing for offender=%s and nsOffender=%s", a, b)
	case rows[0].isOpen() && rows[1].isOpen():
		return badRequest("Non-association already exists for offender=%s and nsOffender=%s", a, b)
	}
	return nil
}

// closeOpen closes the open details of one side as of today. The real API does so with
// the open half of a non-association that is half closed, and says nothing.
func (c *change) closeOpen(of *side) {
	for _, d := range of.details {
		if d.Expiry == nil {
			d.Expiry = &c.today
			c.put(of, d)
		}
	}
}

// sequence returns the sequence of a path; 0 is that of no detail.
func sequence(r *http.Request) int {
	seq, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return 0
	}
	return seq
}

// mayChange returns why a detail cannot be changed: an unknown prisoner or no detail is
// 404. Whether the opposite one is missing is left to the caller.
func mayChange(rows *pair, seq int, unknown bool) error {
	if err := mayRead(rows, unknown); err != nil {
		return err
	}
	if rows[0].at(seq) == nil {
		return notFound("Non-association not found where offender=%s, nsOffender=%s and typeSequence=%d", rows[0].of.no, rows[1].of.no, seq)
	}
	return nil
}

// errOpposite says that the mirror of a detail is missing.
func errOpposite(kind func(string, ...any) error, rows *pair, seq int) error {
	return kind("Opposite non-association detail not found where offender=%s, nsOffender=%s and typeSequence=%d",
		rows[1].of.no, rows[0].of.no, seq)
}

// update is PUT …/sequence/{n}.
func (s *Server) update(r *http.Request, c *call) (answer, error) {
	v, err := parseValues([]byte(c.Body), "reason", "recipReason", "type", effectiveDate)
	if err != nil {
		return answer{}, err
	}
	if err := v.checkText(); err != nil {
		return answer{}, err
	}
	a, b, seq := r.PathValue("a"), r.PathValue("b"), sequence(r)
	if a == b {
		return answer{}, badRequest("Offender and NS Offender cannot be the same")
	}
	s.mangle(&v, c.pair)
	return answer{status: http.StatusOK}, s.changePair(r.Context(), byAPI, false, a, b, func(w *change, rows *pair) error {
		if err := mayRead(rows, c.unknown); err != nil {
			return err
		}
		if err := v.checkCodes(w.today); err != nil {
			return err
		}
		if err := mayChange(rows, seq, false); err != nil {
			return err
		}
		if rows[1].at(seq) == nil {
			return errOpposite(badRequest, rows, seq)
		}
		for i, reason := range []string{*v.Reason, *v.RecipReason} {
			w.put(&rows[i], v.apply(*rows[i].at(seq), reason))
		}
		w.putParents(rows, *v.Reason, *v.RecipReason)
		return nil
	})
}

// end is PUT …/sequence/{n}/close.
func (s *Server) end(r *http.Request, c *call) (answer, error) {
	a, b, seq := r.PathValue("a"), r.PathValue("b"), sequence(r)
	if a == b {
		return answer{}, badRequest("Offender and NS Offender cannot be the same")
	}
	return answer{status: http.StatusOK}, s.changePair(r.Context(), byAPI, false, a, b, func(w *change, rows *pair) error {
		if err := mayChange(rows, seq, c.unknown); err != nil {
			return err
		}
		if rows[1].at(seq) == nil {
			return errOpposite(notFound, rows, seq)
		}
		for i := range rows {
			if d := *rows[i].at(seq); !d.isClosed(w.today) {
				d.Expiry = &w.today
				w.put(&rows[i], d)
			}
		}
		return nil
	})
}

// remove is DELETE …/sequence/{n}.
func (s *Server) remove(r *http.Request, c *call) (answer, error) {
	a, b, seq := r.PathValue("a"), r.PathValue("b"), sequence(r)
	return answer{status: http.StatusOK}, s.changePair(r.Context(), byAPI, false, a, b, func(w *change, rows *pair) error {
		if err := mayChange(rows, seq, c.unknown); err != nil {
			return err
		}
		if rows[1].at(seq) == nil {
			return errOpposite(notFound, rows, seq)
		}
		w.drop(&rows[0], seq)
		w.drop(&rows[1], seq)
		if one, other := len(rows[0].details), len(rows[1].details); one != other {
			return unexpected("Offenders %s and %s have a differing number of details: %d and %d", a, b, one, other)
		}
		w.dropParents(rows)
		return nil
	})
}

// mangle changes the texts of a write while that fault is on.
func (s *Server) mangle(v *values, of pairKey) {
	if _, on := s.faults.take(textMangled, of); on {
		v.mangle()
	}
}
