package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
)

// movedReply is the 301 for a removed number, with the number that survives. No cache
// may keep it: a merge can be taken back.
func movedReply(r *http.Request, number, survivor domain.PrisonerNumber) problem {
	p := plain(http.StatusMovedPermanently, fmt.Sprintf("%s is now %s", number, survivor))
	p.MoreInfo, p.location = string(survivor), movedTo(r, survivor)
	return p
}

// movedTo returns the path and query of the same request about another number. The
// number is the parameter of the path, or prn; all else stays as it was written.
func movedTo(r *http.Request, number domain.PrisonerNumber) string {
	// The route's pattern says where the number is in the path, so that no endpoint has
	// to build its own redirect.
	pattern := chi.RouteContext(r.Context()).RoutePattern()
	before, rest, inPath := strings.Cut(pattern, "{")
	if !inPath {
		return pattern + "?" + withPRN(r.URL.RawQuery, number)
	}
	_, after, _ := strings.Cut(rest, "}")
	path := before + string(number) + after
	if r.URL.RawQuery == "" {
		return path
	}
	return path + "?" + inASCII(r.URL.RawQuery)
}

// withPRN replaces prn in a query that may be otherwise malformed, byte for byte.
func withPRN(query string, number domain.PrisonerNumber) string {
	// Parsing and encoding the query again would reorder the parameters and normalise
	// their spelling. A client that compares addresses would take the redirect for
	// another request.
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain == "prn" {
			parts[i] = "prn=" + string(number)
		}
	}
	return inASCII(strings.Join(parts, "&"))
}

// inASCII escapes bytes that a header must not hold. The query keeps its meaning.
func inASCII(query string) string {
	var out strings.Builder
	for _, b := range []byte(query) {
		if b > ' ' && b <= '~' {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// stands returns the redirect for a removed number without live records, otherwise nil.
// Reads of the log call it after the head is reached.
func (a *API) stands(ctx context.Context, r *http.Request, number domain.PrisonerNumber, reached uint64) error {
	list, err := a.reads.List(ctx, number, reached)
	if err != nil {
		return unavailable(err)
	}
	if list.Survivor != "" {
		return movedReply(r, number, list.Survivor)
	}
	return nil
}
