package estate

import (
	"math/rand/v2"

	"nonassociations/domain"
)

// The places of a prison that are no cell.
var noCells = []string{"RECP", "CSWAP", "COURT"}

// transfer is where prisoners are between two prisons.
var transfer = Prison{ID: string(domain.InTransfer), Name: "Transfer"}

// move gives everybody the fields that depend on the place, and moves a few: of a
// hundred in prison two are in a place that is no cell, and one is in transfer. One in
// ten outside is a restricted patient. It comes after the pairs, so that a seed keeps its
// pairs.
func (e *Estate) move(rng *rand.Rand) {
	for i := range e.Prisoners {
		p := &e.Prisoners[i]
		switch n := rng.IntN(100); {
		case p.PrisonID == outside.ID:
			p.leave(e.choose(rng.IntN(len(e.Prisons))), n < 10)
		case n < 1:
			p.InOutStatus, p.LastPrisonID, p.LocationDescription = transfer.ID, p.PrisonID, transfer.Name
			p.PrisonID, p.PrisonName, p.CellLocation = transfer.ID, transfer.Name, ""
		case n < 3:
			p.InOutStatus, p.CellLocation = "IN", pick(rng, noCells)
			if p.CellLocation == "COURT" {
				p.InOutStatus = outside.ID // for the day
			}
		default:
			p.InOutStatus = "IN"
		}
	}
}

// leave describes a prisoner who is outside: released from a prison, or in a hospital
// as a restricted patient for whom the prison is responsible.
func (p *Prisoner) leave(last Prison, patient bool) {
	p.InOutStatus, p.LastPrisonID = outside.ID, last.ID
	p.LocationDescription = "Outside - released from " + last.Name
	if patient {
		p.RestrictedPatient, p.SupportingPrisonID = true, last.ID
		p.LocationDescription = last.Name + " - discharged to a hospital"
	}
}
