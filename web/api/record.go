package api

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// record is the non-association with the id. That it is not there is said only
// when everything that was in the log has been looked through: whoever was just
// told of it may be faster than the read model.
func (a *API) record(ctx context.Context, out response, id uuid.UUID, atLeast uint64) (response, error) {
	if err := a.waitFor(ctx, atLeast); err != nil {
		return out, err
	}
	found, err := a.reads.One(ctx, id, atLeast)
	if err == nil && len(found.Records) == 0 {
		head, late := a.reachHead(ctx)
		if late != nil {
			return out, late
		}
		found, err = a.reads.One(ctx, id, head)
	}
	if err != nil {
		return out, unavailable(err)
	}
	out.position = formatPosition(found.Position)
	if len(found.Records) == 0 {
		return out, domain.NotFound(id)
	}
	one := found.Records[0]
	out.body, out.etag, err = render(one.Pair, one.NonAssociation, a.clock())
	return out, err
}

// reachHead returns when the read model is likely to reflect everything that was in
// the log when it was called, at most 2 s later. A read that must not miss anything
// of it is asked for at least the head.
func (a *API) reachHead(ctx context.Context) (head uint64, err error) {
	if head, err = a.head(ctx); err != nil {
		return 0, unavailable(err)
	}
	return head, a.await(ctx, head)
}
