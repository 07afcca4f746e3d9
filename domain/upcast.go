package domain

import "errors"

// TypeRenumbered was the one type of the three facts of a move; nothing writes it
// any more.
const TypeRenumbered = "nonassociation.prisoner-renumbered.v1"

// upcasts returns all up-casts. One is never removed: facts of every build stay
// readable.
func upcasts() []Upcast {
	return []Upcast{{From: TypeRenumbered, Next: splitRenumbered}}
}

// splitRenumbered names the fact that a prisoner-renumbered was. Each has the
// same keys as before and ignores those that it does not need.
func splitRenumbered(unmarshal Unmarshal, data []byte) (string, []byte, error) {
	var was struct {
		From           Pair      `json:"from"`
		To             Pair      `json:"to"`
		NonAssociation *struct{} `json:"nonAssociation"`
	}
	if err := unmarshal(data, &was); err != nil {
		return "", nil, err
	}
	switch {
	case was.From == (Pair{}) || was.To == (Pair{}):
		return "", nil, errors.New("it names no pair")
	case was.NonAssociation == nil:
		return TypeTransferredOut, data, nil
	case was.From == was.To:
		return TypeRestored, data, nil
	default:
		return TypeTransferredIn, data, nil
	}
}
