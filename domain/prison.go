package domain

import (
	"errors"
	"strings"
)

// PrisonID identifies a prison, as in MDI. It has 1 to 12 capital letters and digits.
type PrisonID string

// The directory has these two in the place of a prison.
const (
	InTransfer PrisonID = "TRN" // between two prisons
	Outside    PrisonID = "OUT"
)

// maxPrisonID bounds the id of a prison; real ones have 3 characters.
const maxPrisonID = 12

// ErrPrisonID refuses a text that identifies no prison.
var ErrPrisonID = errors.New("must be the id of a prison such as MDI; OUT and TRN are no prison")

// ParsePrisonID parses the id of a prison and raises it to upper case. It does not
// check that the prison exists. The error is [ErrPrisonID].
func ParsePrisonID(s string) (PrisonID, error) {
	id := PrisonID(strings.ToUpper(s))
	if s == "" || len(s) > maxPrisonID || strings.ContainsFunc(s, isNotOfPrisonID) || !id.IsPrison() {
		return "", ErrPrisonID
	}
	return id, nil
}

func isNotOfPrisonID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// IsPrison reports whether the id names a prison. The empty id, OUT and TRN name none.
func (p PrisonID) IsPrison() bool { return p != "" && p != InTransfer && p != Outside }
