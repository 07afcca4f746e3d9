package estate

import (
	"iter"

	"nonassociations/web/client"
)

// SyncRequests returns one request for each prisoner who is named first in a pair.
// Every pair is in exactly one of them. They are in the order of the prisoners. A
// request is made when it is asked for, so a large estate is never in memory twice.
func (e *Estate) SyncRequests() iter.Seq[client.SyncRequest] {
	return func(yield func(client.SyncRequest) bool) {
		own := make([][]int, len(e.Prisoners))
		for i, pair := range e.Pairs {
			own[pair.First] = append(own[pair.First], i)
		}
		for owner, pairs := range own {
			if len(pairs) == 0 {
				continue
			}
			request := client.SyncRequest{PrisonerNumber: e.Prisoners[owner].Number}
			for _, i := range pairs {
				request.NonAssociations = append(request.NonAssociations, e.Pairs[i].Items...)
			}
			if !yield(request) {
				return
			}
		}
	}
}
