package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"nonassociations/domain"
)

// response is an answer before it is written. Empty values mean that the header is
// not sent.
type response struct {
	status      int
	contentType string // application/json when empty
	body        []byte
	position    string // for X-Position; none when empty
	etag        string
	link        string // to the next page, or to what replaces this
	location    string // where to ask instead
	retryAfter  string // seconds
	challenge   bool   // says how to authenticate
	written     bool   // to a write: an entity tag that the caller holds does not matter
	large       *large // the body instead, when it is too long to be kept
}

// mediaJSON is the content type of every answer but files and feeds.
const mediaJSON = "application/json"

// write sends the response. Control characters in JSON are escaped.
func (p response) write(w http.ResponseWriter, r *http.Request) {
	if p.large != nil {
		defer p.large.close()
	}
	h := w.Header()
	if h["Content-Security-Policy"] == nil { // it did not come through the edge
		protect(h, r)
		restrict(h, p.status)
	}
	// The tag is compared after the answer was computed. That saves bandwidth and no
	// work, and it keeps a 304 exactly as fresh as a 200 would be.
	if p.etag != "" {
		h["Etag"] = []string{p.etag}
		if !p.written && matches(r.Header["If-None-Match"], p.etag) {
			p.status, p.body, p.large = http.StatusNotModified, nil, nil
		}
	}
	if p.position != "" {
		h["X-Position"] = []string{p.position}
	}
	if p.link != "" {
		h["Link"] = []string{p.link}
	}
	if p.retryAfter != "" {
		h["Retry-After"] = []string{p.retryAfter}
	}
	if p.challenge {
		h["Www-Authenticate"] = []string{"Bearer"}
	}
	if p.location != "" {
		h["Location"] = []string{p.location}
	}
	if len(p.body) > 0 {
		if p.contentType == "" {
			p.contentType, p.body = mediaJSON, domain.Escaped(p.body)
		}
		h["Content-Type"] = []string{p.contentType}
		h["Content-Length"] = []string{strconv.Itoa(len(p.body))}
	}
	if p.large != nil {
		h["Content-Type"] = []string{mediaJSON}
		h["Content-Length"] = []string{strconv.FormatInt(p.large.size, 10)}
	}
	w.WriteHeader(p.status)
	if p.large != nil {
		// The headers with the length are sent. A body that falls short of it is an
		// error for every client.
		p.sendLarge(w)
	}
	if len(p.body) > 0 {
		_, _ = w.Write(p.body) // a caller who left needs no answer
	}
}

// etagOf returns a strong entity tag, equal for equal bodies only.
func etagOf(body []byte) string {
	// The tag depends on the body alone, so it is the same on every instance and after
	// a restart.
	hash := sha256.Sum256(body)
	return etagOfHash(hash[:])
}

// etagOfHash shortens a hash to 120 bits, enough to tell bodies apart.
func etagOfHash(hash []byte) string {
	return `"` + base64.RawURLEncoding.EncodeToString(hash[:15]) + `"`
}

// public is an endpoint that needs no token.
type public func(ctx context.Context, r *http.Request) (response, error)

// open serves a public endpoint within the time of one request.
func (a *API) open(do public) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r.Context(), r)
		if err != nil {
			out = a.refuse(r.Context(), err)
		}
		out.write(w, r)
	}
}

// always returns an endpoint with a fixed answer.
func always(contentType string, body []byte) public {
	out := response{status: http.StatusOK, contentType: contentType, body: body, etag: etagOf(body)}
	return func(context.Context, *http.Request) (response, error) { return out, nil }
}
