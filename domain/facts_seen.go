package domain

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// FactsSeen are the facts of which a caller saw one as the last that changed a
// non-association. None at all says that the caller takes it as it is. In JSON
// one is its id alone, as facts have always kept it, and several are a list.
type FactsSeen []uuid.UUID

// allow reports whether a caller who saw these may change what the fact changed
// last.
func (f FactsSeen) allow(last uuid.UUID) bool { return len(f) == 0 || slices.Contains(f, last) }

// MarshalJSON is [json.Marshaler]'s.
func (f FactsSeen) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]uuid.UUID(f))
}

// UnmarshalJSON is [json.Unmarshaler]'s.
func (f *FactsSeen) UnmarshalJSON(text []byte) error {
	var one uuid.UUID
	if err := json.Unmarshal(text, &one); err == nil {
		*f = FactsSeen{one}
		return nil
	}
	var several []uuid.UUID
	if err := json.Unmarshal(text, &several); err != nil {
		return fmt.Errorf("read the facts that were seen: %w", err)
	}
	*f = several
	return nil
}
