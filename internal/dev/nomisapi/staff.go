package nomisapi

import (
	"encoding/json"
	"net/http"
)

// staffBody is the body of a change at NOMIS's screen: the API's fields, and who.
type staffBody struct {
	values

	UpdatedBy string `json:"updatedBy"`
	has       map[string]json.RawMessage
}

// parseStaff reads a body. What is required there is as in parseValues.
func parseStaff(body string, required ...string) (staffBody, author, error) {
	var b staffBody
	v, err := parseValues([]byte(body), required...)
	if err != nil {
		return b, byStaff, err
	}
	b.values = v
	var named struct {
		UpdatedBy string `json:"updatedBy"`
	}
	if json.Unmarshal([]byte(body), &named) != nil || json.Unmarshal([]byte(body), &b.has) != nil {
		return b, byStaff, badRequest("updatedBy must be a text")
	}
	by := byStaff
	if named.UpdatedBy != "" {
		by.user = named.UpdatedBy
	}
	return b, by, nil
}

// staffCreate is POST /staff/non-associations. The screen lets pass what the API
// refuses: a second open one, a day to come, an end, any code.
func (s *Server) staffCreate(r *http.Request, c *call) (answer, error) {
	b, by, err := parseStaff(c.Body, "offenderNo", "nsOffenderNo", "reason", "recipReason", "type", effectiveDate)
	if err != nil {
		return answer{}, err
	}
	if *b.OffenderNo == *b.NSOffenderNo {
		return answer{}, badRequest("Offender and NS Offender cannot be the same")
	}
	seq := 0
	err = s.changePair(r.Context(), by, isSilent(r), *b.OffenderNo, *b.NSOffenderNo, func(w *change, rows *pair) error {
		if err := mayRead(rows, false); err != nil {
			return err
		}
		seq = max(rows[0].next(), rows[1].next())
		w.putParents(rows, *b.Reason, *b.RecipReason)
		w.put(&rows[0], b.apply(detail{Seq: seq}, *b.Reason))
		w.put(&rows[1], b.apply(detail{Seq: seq}, *b.RecipReason))
		return nil
	})
	return answer{status: http.StatusCreated, body: map[string]int{"typeSequence": seq}}, err
}

// staffUpdate is PATCH /staff/non-associations/{a}/{b}/{n}. A field that is absent stays,
// null clears. It changes the rows that are there, and answers with all of the pair.
func (s *Server) staffUpdate(r *http.Request, c *call) (answer, error) {
	b, by, err := parseStaff(c.Body)
	if err != nil {
		return answer{}, err
	}
	seq := sequence(r)
	var after *pair
	err = s.changePair(r.Context(), by, isSilent(r), r.PathValue("a"), r.PathValue("b"), func(w *change, rows *pair) error {
		if err := haveAny(rows, seq); err != nil {
			return err
		}
		codes := [2]*string{b.Reason, b.RecipReason}
		for i := range rows {
			if d := rows[i].at(seq); d != nil {
				w.put(&rows[i], b.patch(*d, codes[i]))
			}
		}
		if forwards, backwards := rows[0].at(seq), rows[1].at(seq); forwards != nil && backwards != nil {
			w.putParents(rows, forwards.Reason, backwards.Reason)
		}
		after = rows
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return ok(rowsOf(after)), nil
}

// patch returns a detail with the fields that are there.
func (b staffBody) patch(d detail, reason *string) detail {
	for field, value := range map[*string]*string{&d.Reason: reason, &d.Type: b.Type, &d.Effective: b.EffectiveDate} {
		if value != nil {
			*field = *value
		}
	}
	for name, field := range map[string]**string{expiryDate: &d.Expiry, authorisedBy: &d.AuthorisedBy, comment: &d.Comment} {
		if _, there := b.has[name]; there {
			*field = *b.fields()[name]
		}
	}
	return d
}

// staffDelete is DELETE /staff/non-associations/{a}/{b}/{n}, of what rows are there.
func (s *Server) staffDelete(r *http.Request, _ *call) (answer, error) {
	seq := sequence(r)
	err := s.changePair(r.Context(), byStaff, isSilent(r), r.PathValue("a"), r.PathValue("b"), func(w *change, rows *pair) error {
		if err := haveAny(rows, seq); err != nil {
			return err
		}
		for i := range rows {
			if rows[i].at(seq) != nil {
				w.drop(&rows[i], seq)
			}
		}
		w.dropParents(rows)
		return nil
	})
	return answer{status: http.StatusNoContent}, err
}

// haveAny refuses a sequence that neither mirror has.
func haveAny(rows *pair, seq int) error {
	if rows[0].at(seq) == nil && rows[1].at(seq) == nil {
		return notFound("Non-association not found where offender=%s, nsOffender=%s and typeSequence=%d", rows[0].of.no, rows[1].of.no, seq)
	}
	return nil
}

// parentRow and detailRow are rows of the two tables with the numbers beside the ids.
type parentRow struct {
	OffenderNo        string  `json:"offenderNo"`
	NSOffenderNo      string  `json:"nsOffenderNo"`
	OffenderID        int64   `json:"offenderId"`
	NSOffenderID      int64   `json:"nsOffenderId"`
	OffenderBookID    int64   `json:"offenderBookId"`
	NSOffenderBookID  int64   `json:"nsOffenderBookId"`
	NSReasonCode      string  `json:"nsReasonCode"`
	RecipNSReasonCode *string `json:"recipNsReasonCode"`
}

type detailRow struct {
	OffenderNo   string `json:"offenderNo"`
	NSOffenderNo string `json:"nsOffenderNo"`
	OffenderID   int64  `json:"offenderId"`
	NSOffenderID int64  `json:"nsOffenderId"`
	detail
}

// tables are the rows of a pair: at most two parent rows, and the details below either.
type tables struct {
	Parents []parentRow `json:"offenderNonAssociations"`
	Details []detailRow `json:"offenderNaDetails"`
}

// rowsOf returns the rows of a pair.
func rowsOf(p *pair) tables {
	all := tables{[]parentRow{}, []detailRow{}}
	for _, of := range p {
		if of.parent != nil {
			all.Parents = append(all.Parents, parentRow{
				of.of.no, of.about.no, of.of.id, of.about.id, of.parent.booking, of.parent.nsBooking, of.parent.reason, of.parent.recip,
			})
		}
		for _, d := range of.details {
			all.Details = append(all.Details, detailRow{of.of.no, of.about.no, of.of.id, of.about.id, d})
		}
	}
	return all
}

// staffRows is GET /staff/rows/{a}/{b}.
func (s *Server) staffRows(r *http.Request, _ *call) (answer, error) {
	rows, err := s.read(r.Context(), r.PathValue("a"), r.PathValue("b"))
	if err != nil {
		return answer{}, err
	}
	return ok(rowsOf(rows)), nil
}
