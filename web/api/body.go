package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
)

// maxBody is the largest body of a write, in bytes.
const maxBody = 1 << 20

// readJSON reads a body whose headers declare plain JSON in UTF-8. The error is a 415,
// or one of readBody.
func readJSON(r *http.Request) (*bytes.Buffer, error) {
	if err := isJSON(r.Header); err != nil {
		return nil, err
	}
	return readBody(r)
}

// isJSON returns a 415 unless the headers declare plain JSON in UTF-8. A missing
// Content-Type is refused too: browsers could otherwise send forms from other sites.
func isJSON(header http.Header) error {
	for _, encoding := range header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") { // an empty header means none
			return wrongFormat("encoded bodies are not read")
		}
	}
	kind := header["Content-Type"]
	if len(kind) == 1 && kind[0] == mediaJSON {
		return nil // the usual case, without parsing
	}
	if len(kind) != 1 {
		return wrongFormat("Content-Type must be application/json")
	}
	media, parameters, err := mime.ParseMediaType(kind[0])
	if err != nil || media != mediaJSON {
		return wrongFormat("Content-Type must be application/json")
	}
	if charset, given := parameters["charset"]; given && !isUTF8(charset) {
		return wrongFormat("JSON is UTF-8")
	}
	return nil
}

// isUTF8 reports whether a charset is UTF-8, in the registered spelling or another
// that callers use.
func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "utf-8", "utf8", "utf_8":
		return true
	default:
		return false
	}
}

// readBody reads a body of at most maxBody bytes. The error is a 413 beyond that, a
// 408 when the client was too slow, and a 400 when the body broke off.
func readBody(r *http.Request) (*bytes.Buffer, error) {
	// A declared length is judged before anything is read: a large body then costs no
	// memory and no time.
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	body := new(bytes.Buffer)
	if r.ContentLength > 0 {
		// ReadFrom wants room for bytes.MinRead at the end to notice the end of the
		// body. Without it the buffer would be copied once more.
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(io.LimitReader(r.Body, maxBody+1))
	switch {
	case body.Len() > maxBody:
		return nil, tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, tooSlow()
	case err != nil:
		return nil, unreadable("", "the body broke off")
	}
	return body, nil
}
