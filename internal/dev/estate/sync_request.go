package estate

import (
	"iter"

	"nonassociations/web/client"
)

// SyncRequests returns one request for each prisoner who is named first in a pair. Every
// pair is in exactly one of them.
func (e *Estate) SyncRequests() iter.Seq[client.SyncRequest] {
	return func(yield func(client.SyncRequest) bool) {
		own := make([][]int, len(e.Prisoners))
		for i, pair := range e.Pairs {
			own[pair.First] = append(own[pair.First], i)
		}
		for teller, pairs := range own {
			if len(pairs) == 0 {
				continue
			}
			request := client.SyncRequest{PrisonerNumber: e.Prisoners[teller].Number}
			for _, i := range pairs {
				request.NonAssociations = append(request.NonAssociations, e.Pairs[i].Items...)
			}
			if !yield(request) {
				return
			}
		}
	}
}
