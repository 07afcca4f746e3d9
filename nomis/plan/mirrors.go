package plan

import (
	"fmt"

	"nonassociations/domain"
)

// NOMIS refuses some writes while its two mirrors do not list the same sequences. What
// it would refuse is not sent. The row of a prisoner is missing from a detail when the
// detail has no code of that prisoner.

// uneven says why NOMIS would create no detail: its two mirrors would give it different
// sequences. It is empty when they would not.
func (p *planner) uneven() string {
	highest := map[domain.PrisonerNumber]int{}
	for _, t := range p.Theirs {
		for number, code := range t.Detail.ReasonCodes {
			if code != "" {
				highest[number] = max(highest[number], t.sequence())
			}
		}
	}
	numbers := p.Pair.Numbers()
	low, high := highest[numbers[0]], highest[numbers[1]]
	if low == high {
		return ""
	}
	return fmt.Sprintf("The last row of %s in NOMIS is sequence %d, and that of %s is %d: it would create no other.", numbers[0], low, numbers[1], high)
}

// unequal says why NOMIS would delete no detail: its two mirrors differ in number. It is
// empty when they do not.
func (p *planner) unequal() string {
	rows := map[domain.PrisonerNumber]int{}
	for _, t := range p.Theirs {
		for number, code := range t.Detail.ReasonCodes {
			if code != "" {
				rows[number]++
			}
		}
	}
	numbers := p.Pair.Numbers()
	low, high := rows[numbers[0]], rows[numbers[1]]
	if low == high {
		return ""
	}
	return fmt.Sprintf("NOMIS has %d rows of %s and %d of %s: it would delete none.", low, numbers[0], high, numbers[1])
}
