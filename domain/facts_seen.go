package domain

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// FactsSeen are ids of facts. The caller saw one of them as the last that changed a
// non-association. An empty list accepts any version. In JSON a single one is its id
// alone, as facts have always stored it; several are a list.
type FactsSeen []uuid.UUID

// allow reports whether a caller who saw these may change what the fact changed
// last.
func (f FactsSeen) allow(last uuid.UUID) bool { return len(f) == 0 || slices.Contains(f, last) }

// MarshalJSON writes one id as a text and several as a list.
func (f FactsSeen) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]uuid.UUID(f))
}

// UnmarshalJSON reads either form.
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
