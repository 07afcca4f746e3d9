package shape

import "nonassociations/domain"

// Constants are the words of DPS, in the order in which staff see them.
type Constants struct {
	Roles            []Constant `json:"roles"`
	Reasons          []Constant `json:"reasons"`
	RestrictionTypes []Constant `json:"restrictionTypes"`
}

// Constant is one word with its description.
type Constant struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// AllConstants returns the vocabulary of the domain.
func AllConstants() Constants {
	return Constants{listOf(domain.Roles()), listOf(domain.Reasons()), listOf(domain.Restrictions())}
}

// listOf returns the terms of a vocabulary in its own order, which screens show.
func listOf[W ~string](terms []domain.Term[W]) []Constant {
	all := make([]Constant, len(terms))
	for i, term := range terms {
		all[i] = Constant{string(term.Code), term.Description}
	}
	return all
}
