package api

import (
	"context"
	_ "embed"
	"net/http"

	"nonassociations/web/auth"
)

// subjectTemplate renders an answer about a subject for the subject. The organisation's
// service keeps its hash, so that each change of it must be announced there first. The
// number and the name of the other prisoner are not in it.
//
//go:embed subject_template.mustache
var subjectTemplate []byte

// subjectTemplateOf answers with the template.
func subjectTemplateOf() endpoint {
	out := response{status: http.StatusOK, contentType: mediaText, body: subjectTemplate, etag: etagOf(subjectTemplate)}
	return func(context.Context, *http.Request, auth.Claims) (response, error) { return out, nil }
}
