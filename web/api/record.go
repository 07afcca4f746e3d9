package api

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// record answers with the non-association of an id. It answers 404 only after the read
// model has applied the whole log as of this request: a caller that has just learned
// of the record may be faster than the read model.
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

// reachHead waits, at most 2 s, until the read model is likely to reflect the head of
// the log as of this call, and returns the head. A read that must not miss anything
// asks for at least the head.
func (a *API) reachHead(ctx context.Context) (head uint64, err error) {
	if head, err = a.head(ctx); err != nil {
		return 0, unavailable(err)
	}
	return head, a.await(ctx, head)
}
