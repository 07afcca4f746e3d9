package domain

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// FactsSeen are facts of which the caller saw one as the last change of a
// non-association. Empty means that the caller accepts any state. In JSON a single fact
// is its id alone, the form of every fact stored before there were several, and more
// facts are a list.
type FactsSeen []uuid.UUID

// allow reports whether the caller may change a record whose last change is this fact.
func (f FactsSeen) allow(last uuid.UUID) bool { return len(f) == 0 || slices.Contains(f, last) }

// MarshalJSON implements [json.Marshaler].
func (f FactsSeen) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]uuid.UUID(f))
}

// UnmarshalJSON implements [json.Unmarshaler]. It reads both forms.
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
