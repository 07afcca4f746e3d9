package prisonersearch

import (
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
)

// WithExamples returns the estate with the prisoners of the documentation added. They
// win over a prisoner of the estate with the same number. None is a real person.
func WithExamples(e *estate.Estate) Estate {
	people := examples()
	for _, p := range e.Prisoners {
		if _, is := exampleOf(p.Number); !is {
			people = append(people, p)
		}
	}
	return withExamples{e, people}
}

type withExamples struct {
	estate *estate.Estate
	people []estate.Prisoner
}

// Find returns a prisoner by number, and whether there is one.
func (w withExamples) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	if p, is := exampleOf(number); is {
		return p, true
	}
	return w.estate.Find(number)
}

// People returns everybody.
func (w withExamples) People() []estate.Prisoner { return w.people }

func exampleOf(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	for _, p := range examples() {
		if p.Number == number {
			return p, true
		}
	}
	return estate.Prisoner{}, false
}

// examples are the prisoners of the documentation.
func examples() []estate.Prisoner {
	in := func(number domain.PrisonerNumber, first, last, prison, cell string) estate.Prisoner {
		return estate.Prisoner{
			Number: number, FirstName: first, LastName: last,
			PrisonID: "XA" + prison, PrisonName: "Example " + prison + " (HMP)", CellLocation: cell, InOutStatus: "IN",
		}
	}
	const home, outside, outsideName = "XAA", string(domain.Outside), "Outside"
	return []estate.Prisoner{
		in("A9109UD", "Adam", "Example", "A", "A-1-001"),
		in("A0135GA", "Bertram", "Sample", "A", "A-1-002"),
		in("A1234BC", "John", "Doe", "A", "A-1-001"),
		in("D5678EF", "Merlin", "Somerplumbs", "A", "B-2-004"),
		in("A1111AA", "Rex", "Ception", "A", "RECP"),
		in("A2222AA", "Ray", "Ception", "A", "RECP"),
		in("A3333AA", "Otto", "Elsewhere", "B", "A-1-001"),
		{
			Number: "A4444AA", FirstName: "Trent", LastName: "Transit", PrisonID: "TRN", PrisonName: "Transfer",
			InOutStatus: "TRN", LastPrisonID: home, LocationDescription: "Transfer",
		},
		{
			Number: "A5555AA", FirstName: "Ossie", LastName: "Outside", PrisonID: outside, PrisonName: outsideName,
			InOutStatus: outside, LastPrisonID: home, LocationDescription: "Outside - released from Example A (HMP)",
		},
		{
			Number: "A6666AA", FirstName: "Pat", LastName: "Patient", PrisonID: outside, PrisonName: outsideName,
			InOutStatus: outside, LastPrisonID: home, LocationDescription: "Example A (HMP) - discharged to a hospital",
			RestrictedPatient: true, SupportingPrisonID: home,
		},
		{Number: "A7777AA", FirstName: "Una", LastName: "Known"},
	}
}
