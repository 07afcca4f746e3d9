package api

import (
	"bytes"
	"fmt"

	"nonassociations/domain"
)

// maxNumbers bounds the prisoner numbers of one request. The largest prisons hold fewer
// than two thousand.
const maxNumbers = 10_000

// decodeNumbers reads an array of prisoner numbers. Repeats are dropped; the error is a
// 400 when fewer than least different numbers are left.
func decodeNumbers(body *bytes.Buffer, least int) ([]domain.PrisonerNumber, error) {
	d := newDecoder(body)
	var numbers []domain.PrisonerNumber
	known, count := map[domain.PrisonerNumber]bool{}, 0
	found, err := d.array(func() error {
		var f field[domain.PrisonerNumber]
		if err := text(d, &f, domain.ParsePrisonerNumber); err != nil {
			return err
		}
		count++
		switch {
		case !f.given && !f.bad:
			d.fault(domain.ErrPrisonerNumber.Error())
		case f.given && !known[f.value]:
			known[f.value] = true
			numbers = append(numbers, f.value)
		}
		return nil
	})
	if err == nil {
		err = d.end()
	}
	switch {
	case err != nil:
	case found == absent:
		d.faultAt("", "must be an array")
	case count > maxNumbers:
		d.faultAt("", fmt.Sprintf("must be at most %d prisoner numbers", maxNumbers))
	case found == whole && len(numbers) < least && len(d.faults) == 0:
		d.faultAt("", fmt.Sprintf("must be at least %d different prisoner numbers", least))
	}
	return numbers, d.result(err)
}
