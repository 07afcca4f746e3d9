package nomismodel

import (
	"net/http"
	"slices"
)

// API is who NOMIS says made a change by a call.
const API = "NON_ASSOCIATIONS_API"

// All returns the details of one direction by sequence. The Refusal is a 404: of a
// prisoner whom NOMIS does not know, or of a pair without details.
func (n *NOMIS) All(of, with string) ([]Row, error) {
	l := link{of, with}
	if err := n.known(of, with); err != nil {
		return nil, err
	}
	p := n.parents[l]
	if p == nil {
		return nil, Refusal{http.StatusNotFound, "Non-association not found"}
	}
	rows := slices.Clone(p.details)
	for i := range rows {
		rows[i].RecipReason = p.recip
	}
	return rows, nil
}

// known refuses a number that NOMIS does not know.
func (n *NOMIS) known(numbers ...string) error {
	for _, number := range numbers {
		if n.unknown[number] {
			return Refusal{http.StatusNotFound, "Offender with nomsId=" + number + " not found"}
		}
	}
	return nil
}

// Post creates a non-association, always without an expiry date, and returns its
// sequence. It is refused when both directions have an open one. When only one of them
// has, NOMIS closes that one and says nothing.
func (n *NOMIS) Post(of, with string, v Values) (sequence int, err error) {
	l := link{of, with}
	switch {
	case n.known(of, with) != nil:
		return 0, n.known(of, with)
	case v.Effective > n.Today:
		return 0, Refusal{http.StatusBadRequest, "Effective date must not be in the future"}
	case (n.parents[l] == nil) != (n.parents[l.back()] == nil):
		return 0, Refusal{http.StatusBadRequest, "Opposite non-association missing"}
	case slices.ContainsFunc(n.rows(l), Row.IsOpen) && slices.ContainsFunc(n.rows(l.back()), Row.IsOpen):
		return 0, Refusal{http.StatusBadRequest, "Non-association already exists"}
	case n.next(l) != n.next(l.back()):
		return 0, Refusal{http.StatusInternalServerError, "Non-association type sequence mismatch"}
	}
	for _, direction := range []link{l, l.back()} {
		for _, open := range n.rows(direction) {
			n.closeRow(direction, open.Sequence, open.IsOpen())
		}
	}
	v.Expiry = nil
	return n.create(l, n.mangled(v), API), nil
}

// create adds both rows under the next sequence.
func (n *NOMIS) create(l link, v Values, by string) int {
	n.opened++
	sequence := max(n.next(l), n.next(l.back()))
	for direction, reason := range map[link]string{l: v.Reason, l.back(): v.RecipReason} {
		row := Row{Sequence: sequence, Occurrence: n.opened}
		row.set(v, reason, by)
		n.add(direction, row)
	}
	n.newest(l, v)
	return sequence
}

// closeRow sets today as the expiry date of a row, if asked to.
func (n *NOMIS) closeRow(l link, sequence int, asked bool) {
	if asked {
		today := n.Today
		n.find(l, sequence).Expiry = &today
	}
}

// both returns the two rows of a detail. The status of a missing opposite row is the
// caller's.
func (n *NOMIS) both(l link, sequence, opposite int) (forth, back *Row, err error) {
	if err := n.known(l.of, l.with); err != nil {
		return nil, nil, err
	}
	forth, back = n.find(l, sequence), n.find(l.back(), sequence)
	switch {
	case forth == nil:
		return nil, nil, Refusal{http.StatusNotFound, "Non-association not found"}
	case back == nil:
		return nil, nil, Refusal{opposite, "Opposite non-association not found"}
	}
	return forth, back, nil
}

// Put sets all values of both rows. Absent texts are cleared, an absent expiry date is
// kept, and one after 2999-01-01 is cleared.
func (n *NOMIS) Put(of, with string, sequence int, v Values) error {
	l := link{of, with}
	forth, back, err := n.both(l, sequence, http.StatusBadRequest)
	switch {
	case err != nil:
		return err
	case v.Effective > n.Today:
		return Refusal{http.StatusBadRequest, "Effective date must not be in the future"}
	}
	v = n.mangled(v)
	forth.set(v, v.Reason, API)
	back.set(v, v.RecipReason, API)
	n.newest(l, v)
	return nil
}

// Close closes each row that is not closed yet, as of today.
func (n *NOMIS) Close(of, with string, sequence int) error {
	l := link{of, with}
	forth, back, err := n.both(l, sequence, http.StatusNotFound)
	if err != nil {
		return err
	}
	n.closeRow(l, sequence, !forth.IsClosed(n.Today))
	n.closeRow(l.back(), sequence, !back.IsClosed(n.Today))
	return nil
}

// Delete removes both rows. It is refused when the two directions would then differ in
// number.
func (n *NOMIS) Delete(of, with string, sequence int) error {
	l := link{of, with}
	if _, _, err := n.both(l, sequence, http.StatusNotFound); err != nil {
		return err
	}
	if len(n.rows(l)) != len(n.rows(l.back())) {
		return Refusal{http.StatusInternalServerError, "Non-associations have a differing number of details"}
	}
	n.remove(l, sequence)
	n.remove(l.back(), sequence)
	return nil
}
