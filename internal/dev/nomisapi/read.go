package nomisapi

import (
	"net/http"
	"strconv"
)

// row is a non-association as the API gives it. Nulls are left out.
type row struct {
	OffenderNo    string  `json:"offenderNo"`
	NSOffenderNo  string  `json:"nsOffenderNo"`
	TypeSequence  int     `json:"typeSequence"`
	Reason        string  `json:"reason"`
	RecipReason   string  `json:"recipReason"` // of the parent: the newest one's
	Type          string  `json:"type"`
	AuthorisedBy  *string `json:"authorisedBy,omitempty"`
	UpdatedBy     string  `json:"updatedBy"`
	EffectiveDate string  `json:"effectiveDate"`
	ExpiryDate    *string `json:"expiryDate,omitempty"`
	Comment       *string `json:"comment,omitempty"`
}

// row returns a detail as the API gives it. It fails, as the real one does, when the
// parent has no reciprocal reason.
func (s *side) row(d detail) (row, error) {
	if s.parent.recip == nil {
		return row{}, unexpected("recipNonAssociationReason must not be null")
	}
	by := d.CreatedBy
	if d.ModifiedBy != nil {
		by = *d.ModifiedBy
	}
	return row{
		OffenderNo: s.of.no, NSOffenderNo: s.about.no, TypeSequence: d.Seq, Reason: d.Reason, RecipReason: *s.parent.recip,
		Type: d.Type, AuthorisedBy: d.AuthorisedBy, UpdatedBy: by, EffectiveDate: d.Effective, ExpiryDate: d.Expiry,
		Comment: d.Comment,
	}, nil
}

// mayRead refuses prisoners whom NOMIS does not have. One without a booking is looked for
// among the bookings, and so not found either.
func mayRead(rows *pair, unknown bool) error {
	for i, name := range []string{"Offender", "NS Offender"} {
		if !rows[i].of.known || rows[i].of.booking == 0 || unknown {
			return notFound("%s with nomsId=%s not found", name, rows[i].of.no)
		}
	}
	return nil
}

// mirror reads one mirror of the pair in the path.
func (s *Server) mirror(r *http.Request, c *call) (*side, error) {
	rows, err := s.read(r.Context(), r.PathValue("a"), r.PathValue("b"))
	if err != nil {
		return nil, err
	}
	if err := mayRead(rows, c.unknown); err != nil {
		return nil, err
	}
	if rows[0].parent == nil {
		return nil, notFound("Non-association with offender=%s and nsOffender=%s not found", rows[0].of.no, rows[1].of.no)
	}
	return &rows[0], nil
}

// one is GET …/offender/{a}/ns-offender/{b}: the detail of ?typeSequence=, else the open
// one.
func (s *Server) one(r *http.Request, c *call) (answer, error) {
	asked := r.URL.Query().Get("typeSequence")
	seq, err := strconv.Atoi(asked)
	if asked != "" && err != nil {
		return answer{}, badRequest("typeSequence %q is not a number", asked)
	}
	of, err := s.mirror(r, c)
	if err != nil {
		return answer{}, err
	}
	for _, d := range of.details {
		if d.Seq == seq || asked == "" && d.Expiry == nil {
			found, err := of.row(d)
			return ok(found), err
		}
	}
	if asked == "" {
		return answer{}, notFound("Open non-association with offender=%s and nsOffender=%s not found", of.of.no, of.about.no)
	}
	return answer{}, notFound("Non-association with offender=%s, nsOffender=%s and typeSequence=%d not found", of.of.no, of.about.no, seq)
}

// all is GET …/offender/{a}/ns-offender/{b}/all. A mirror that has lost all its rows is
// an empty list.
func (s *Server) all(r *http.Request, c *call) (answer, error) {
	of, err := s.mirror(r, c)
	if err != nil {
		return answer{}, err
	}
	list := make([]row, len(of.details))
	for i, d := range of.details {
		if list[i], err = of.row(d); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, body: list}, nil
}
