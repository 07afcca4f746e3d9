package shape

import "github.com/google/uuid"

// Archived is what `archive write` and `archive restore` print with --json.
type Archived struct {
	Dir      string    `json:"dir"`
	StoreID  uuid.UUID `json:"storeId"`
	From     uint64    `json:"from"`     // position of the last fact that was there before
	Position uint64    `json:"position"` // of the last fact
	Facts    int64     `json:"facts"`    // that were added
	Files    int       `json:"files"`    // that were written or, by a restore, read
	Head     *Head     `json:"head"`
}
