package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// constants answers with the codes of DPS, for any valid token. The codes change with a
// release only, so that the answer reflects any position.
func (a *API) constants() endpoint {
	body, err := json.Marshal(shape.AllConstants())
	if err != nil {
		panic("the vocabulary is not JSON: " + err.Error()) // a bug: texts only
	}
	etag := etagOf(body)
	return func(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
		out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
		least, err := atLeast(r.URL)
		if err != nil {
			return out, err
		}
		if err := a.waitFor(ctx, least); err != nil {
			return out, err
		}
		// The position is read again after the wait, since it has moved by then.
		out.body, out.etag, out.position = body, etag, formatPosition(a.reads.Position())
		return out, nil
	}
}
