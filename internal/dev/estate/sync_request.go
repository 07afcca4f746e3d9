package estate

import (
	"encoding/json"
	"iter"

	"nonassociations/domain"
)

// SyncRequest is the body of one POST /migrate or POST /sync: what one prisoner
// has with others.
type SyncRequest struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []Item                `json:"nonAssociations"`
}

// Body is the telling in the record's own JSON.
func (t SyncRequest) Body() []byte {
	body, err := json.Marshal(t)
	if err != nil {
		panic("a telling is not JSON: " + err.Error()) // a bug: it is made of texts and numbers
	}
	return body
}

// SyncRequests returns one request for each prisoner who is named first in a pair. Every
// pair is in exactly one of them.
func (e *Estate) SyncRequests() iter.Seq[SyncRequest] {
	return func(yield func(SyncRequest) bool) {
		own := make([][]int, len(e.Prisoners))
		for i, pair := range e.Pairs {
			own[pair.Teller] = append(own[pair.Teller], i)
		}
		for teller, pairs := range own {
			if len(pairs) == 0 {
				continue
			}
			telling := SyncRequest{PrisonerNumber: e.Prisoners[teller].Number}
			for _, i := range pairs {
				telling.NonAssociations = append(telling.NonAssociations, e.Pairs[i].Items...)
			}
			if !yield(telling) {
				return
			}
		}
	}
}
