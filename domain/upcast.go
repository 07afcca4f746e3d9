package domain

import "errors"

// TypeRenumbered is a former event type that stood for the three facts of a transfer.
// It is read and never written.
const TypeRenumbered = "nonassociation.prisoner-renumbered.v1"

// upcasts returns the up-casts from all former event types. Never remove one.
func upcasts() []Upcast {
	return []Upcast{{From: TypeRenumbered, Next: splitRenumbered}}
}

// splitRenumbered returns the current type of a prisoner-renumbered event. The data has
// the same keys, and each current type ignores those that it does not need.
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
