package api

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// one is the non-association with the id. That it is not there is said only
// when everything that was in the log has been looked through: whoever was just
// told of it may be faster than the read model.
func (a *API) one(ctx context.Context, out reply, id uuid.UUID, atLeast uint64) (reply, error) {
	if err := a.waitFor(ctx, atLeast); err != nil {
		return out, err
	}
	found, err := a.reads.One(ctx, id)
	if err == nil && len(found.Records) == 0 {
		if err := a.reachHead(ctx); err != nil {
			return out, err
		}
		found, err = a.reads.One(ctx, id)
	}
	if err != nil {
		return out, unavailable(err)
	}
	out.position = formatPosition(found.Position)
	if len(found.Records) == 0 {
		return out, domain.Refusal{Code: domain.CodeNotFound, Message: "There is no non-association with id " + id.String()}
	}
	one := found.Records[0]
	out.body, out.etag, err = show(one.Pair, one.NonAssociation, a.clock())
	return out, err
}

// reachHead returns when the read model reflects everything that was in the log
// when it was called, at most 2 s later.
func (a *API) reachHead(ctx context.Context) error {
	head, err := a.head(ctx)
	if err != nil {
		return unavailable(err)
	}
	return a.await(ctx, head)
}
