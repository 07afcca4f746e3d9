package api

import (
	"context"
	"net/http"

	"nonassociations/domain"
	"nonassociations/web/auth"
)

// deleteSynced records that NOMIS deleted a non-association. A body is ignored, but its
// limit holds as for every write.
func (a *API) deleteSynced(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	// Some HTTP libraries send a body with DELETE. A large unread one would make the
	// server close the connection.
	if _, err := readBody(r); err != nil {
		return response{}, err
	}
	receipt, err := a.commands.ExecuteByID(ctx, a.cause(r, by, domain.NOMIS), id, domain.Delete{ID: id})
	if err != nil {
		return response{}, err
	}
	return response{status: http.StatusNoContent, position: formatPosition(receipt.Position.Uint64())}, nil
}
