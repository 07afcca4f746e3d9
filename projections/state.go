package projections

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"nonassociations/domain"
)

// stateBytes is the first capacity of a buffer: enough for the state of most pairs.
const stateBytes = 768

// appendState appends the state of a pair as JSON, in the form that encoding/json reads
// back into domain.State.
//
// It is written by hand because a state is written with every fact, and the library
// takes four times as long. A field that is added to domain.State and forgotten here
// would be lost: TestState_readsBackAsItWasWritten compares random states, and fills every field
// by reflection.
func appendState(b []byte, s domain.State) ([]byte, error) {
	b = append(b, `{"pair":`...)
	b = appendText(b, s.Pair.String())
	b = append(b, `,"items":`...)
	b, err := appendItems(b, s.Items)
	if err != nil {
		return nil, err
	}
	if len(s.Ignored) > 0 {
		b, err = appendRare(b, "ignored", s.Ignored)
	}
	if len(s.TransferredOut) > 0 && err == nil {
		b, err = appendRare(b, "left", s.TransferredOut)
	}
	return append(b, '}'), err
}

// appendItems appends null for a nil slice, as the library does.
func appendItems(b []byte, items []domain.NonAssociation) (_ []byte, err error) {
	if items == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, n := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendNonAssociation(b, n); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendNonAssociation appends one item. The keys are those of the JSON tags in domain,
// and a field that the library would omit is omitted here too.
func appendNonAssociation(b []byte, n domain.NonAssociation) ([]byte, error) {
	b = appendDetails(append(b, '{'), n.Details)
	b = append(append(b, `,"id":"`...), n.ID.String()...)
	b = append(b, `","namedFirst":`...)
	b = appendText(b, string(n.FirstPrisoner))
	if n.TypeSequence != 0 {
		b = append(b, `,"typeSequence":`...)
		b = strconv.AppendInt(b, int64(n.TypeSequence), 10)
	}
	b = append(b, `,"born":`...)
	b = appendText(b, string(n.CreatedSource))
	b = append(b, `,"openedAt":`...)
	b = appendTime(b, n.OpenedAt)
	b = append(b, `,"updatedAt":`...)
	b = appendTime(b, n.UpdatedAt)
	b = append(b, `,"updatedBy":`...)
	b = appendText(b, n.UpdatedBy)
	b = append(append(b, `,"lastFact":"`...), n.LastEventID.String()...)
	b = append(b, '"')
	if n.ClosedBy != "" {
		b = append(b, `,"closedBy":`...)
		b = appendText(b, n.ClosedBy)
	}
	if n.ClosedReason != "" {
		b = append(b, `,"closedReason":`...)
		b = appendText(b, n.ClosedReason)
	}
	if n.Deleted {
		b = append(b, `,"deleted":true`...)
	}
	var err error
	if n.TransferredFrom != nil {
		b, err = appendRare(b, "cameFrom", n.TransferredFrom)
	}
	return append(b, '}'), err
}

// appendDetails appends the fields of the embedded struct, without braces.
func appendDetails(b []byte, d domain.Details) []byte {
	b = append(b, `"authorisedBy":`...)
	b = appendTextOrNull(b, d.AuthorisedBy)
	b = append(b, `,"comment":`...)
	b = appendTextOrNull(b, d.Comment)
	b = append(b, `,"effectiveDate":`...)
	b = appendText(b, string(d.EffectiveDate))
	b = append(b, `,"expiryDate":`...)
	b = appendTextOrNull(b, (*string)(d.ExpiryDate))
	b = append(b, `,"reason":`...)
	b = appendText(b, string(d.Reason))
	b = append(b, `,"restriction":`...)
	b = appendText(b, string(d.Restriction))
	b = append(b, `,"sides":`...)
	b = appendSides(b, d.Sides)
	b = append(b, `,"typeCode":`...)
	return appendText(b, string(d.TypeCode))
}

// appendSides appends the sides in the order of the numbers, so that equal states have
// equal bytes: a rebuild must give the same rows.
func appendSides(b []byte, sides map[domain.PrisonerNumber]domain.Side) []byte {
	if sides == nil {
		return append(b, "null"...)
	}
	b = append(b, '{')
	numbers := slices.AppendSeq(make([]domain.PrisonerNumber, 0, 2), maps.Keys(sides))
	slices.Sort(numbers)
	for i, number := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, string(number))
		b = append(b, `:{"reasonCode":`...)
		b = appendText(b, string(sides[number].ReasonCode))
		b = append(b, `,"role":`...)
		b = appendText(b, string(sides[number].Role))
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendTime appends a time as encoding/json does, with all digits of the fraction.
func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendRare appends a field that few pairs have, and leaves it to the library.
func appendRare(b []byte, name string, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write %s of a pair: %w", name, err)
	}
	return append(append(append(b, `,"`...), name+`":`...), domain.Escaped(text)...), nil
}
