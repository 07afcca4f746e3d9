package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/web/auth"
)

// constant is a word of staff with what people read for it.
type constant struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// vocabulary is every word of staff, in the order that staff see them.
type vocabulary struct {
	Roles            []constant `json:"roles"`
	Reasons          []constant `json:"reasons"`
	RestrictionTypes []constant `json:"restrictionTypes"`
}

// constants answers with the words of staff to whoever has a token. They change
// with a release only, so that any position is reflected.
func (a *API) constants() endpoint {
	body, err := json.Marshal(vocabulary{
		listOf(domain.Roles()), listOf(domain.Reasons()), listOf(domain.Restrictions()),
	})
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
		out.body, out.etag, out.position = body, etag, formatPosition(a.reads.Position())
		return out, nil
	}
}

func listOf[W ~string](terms []domain.Term[W]) []constant {
	all := make([]constant, len(terms))
	for i, term := range terms {
		all[i] = constant{string(term.Code), term.Description}
	}
	return all
}
