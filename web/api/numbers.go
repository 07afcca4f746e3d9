package api

import (
	"bytes"
	"fmt"

	"nonassociations/domain"
	"nonassociations/web/strictjson"
)

// maxNumbers bounds the prisoner numbers of one request. The largest prisons hold fewer
// than two thousand.
const maxNumbers = 10_000

// decodeNumbers reads an array of prisoner numbers. Repeats are dropped; the error is a
// 400 when fewer than least different numbers are left.
func decodeNumbers(body *bytes.Buffer, least int) ([]domain.PrisonerNumber, error) {
	d := strictjson.NewDecoder(body)
	var numbers []domain.PrisonerNumber
	// Repeats count towards the limit of the request, which bounds the work of parsing,
	// and not towards the least number of prisoners.
	known, count := map[domain.PrisonerNumber]bool{}, 0
	found, err := d.Array(func() error {
		var f strictjson.Field[domain.PrisonerNumber]
		if err := strictjson.Text(d, &f, domain.ParsePrisonerNumber); err != nil {
			return err
		}
		count++
		switch {
		case !f.Given && !f.Bad:
			d.Fault(domain.ErrPrisonerNumber.Error())
		case f.Given && !known[f.Value]:
			known[f.Value] = true
			numbers = append(numbers, f.Value)
		}
		return nil
	})
	if err == nil {
		err = d.End()
	}
	switch {
	case err != nil:
	case found == strictjson.Absent:
		d.FaultAt("", "must be an array")
	case count > maxNumbers:
		d.FaultAt("", fmt.Sprintf("must be at most %d prisoner numbers", maxNumbers))
	// With other faults in the list the number of valid prisoners means nothing, and is
	// not reported.
	case found == strictjson.Whole && len(numbers) < least && d.Valid():
		d.FaultAt("", fmt.Sprintf("must be at least %d different prisoner numbers", least))
	}
	return numbers, d.Result(err)
}
