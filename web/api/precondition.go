package api

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/web/auth"
)

// noFact is the id of no fact: an entity tag that none of our answers had
// matches nothing.
var noFact = uuid.Max

// ifMatch is the last fact that the caller saw, out of the one entity tag that
// If-Match may hold; Nil when any will do.
func ifMatch(header http.Header) (uuid.UUID, error) {
	values := header["If-Match"]
	if len(values) == 0 {
		return uuid.Nil, nil
	}
	tag := strings.TrimSpace(values[0])
	if tag == "*" && len(values) == 1 {
		return uuid.Nil, nil
	}
	strong, weak := strings.CutPrefix(tag, "W/")
	if len(values) > 1 || !isEntityTag(strong) {
		return uuid.Nil, invalid([]fault{{"If-Match", "must be one entity tag as ETag gives it, or *"}}, 0)
	}
	fact, _, _ := strings.Cut(strong[1:len(strong)-1], ".")
	if id, err := parseID(fact); err == nil && id != uuid.Nil && !weak { // the comparison is the strong one
		return id, nil
	}
	return noFact, nil
}

// isEntityTag tells whether a text is quoted as RFC 9110 wants it; none of our
// tags is empty.
func isEntityTag(tag string) bool {
	if len(tag) < len(`"x"`) || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return false
	}
	for _, c := range []byte(tag[1 : len(tag)-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// maxKey is the length of an Idempotency-Key in characters.
const maxKey = 255

// keyOf is the key that the caller gave the request, with a hash of everything
// that was asked; nil when there is none.
func keyOf(r *http.Request, by auth.Claims, body []byte) (*commands.Key, error) {
	values := r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // no key is no fault
	}
	if len(values) > 1 || !isKey(values[0]) {
		return nil, invalid([]fault{{"Idempotency-Key", "must be one text of 1 to 255 printable ASCII characters"}}, 0)
	}
	return &commands.Key{Client: by.ClientID, Name: values[0], Request: hashOf(
		[]byte(r.Method), []byte(r.URL.Path), []byte(strings.Join(r.Header["If-Match"], ",")), body,
	)}, nil
}

func isKey(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= maxKey
}

// hashOf is a hash of the parts that no other parts share: each goes in with
// its length.
func hashOf(parts ...[]byte) [sha256.Size]byte {
	var all []byte
	for _, part := range parts {
		all = binary.BigEndian.AppendUint64(all, uint64(len(part)))
		all = append(all, part...)
	}
	return sha256.Sum256(all)
}
