// Package whereabouts says who of a prison is too close to whom. It joins the open records
// of the read model with the locations of the directory; the rules are those of the domain.
//
// A page and the API call the same functions, so that both say the same.
package whereabouts
