package api

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/web/auth"
)

// noFact is the id of no fact. It stands for an entity tag that none of our answers had,
// and matches nothing.
var noFact = uuid.Max

// maxTags bounds the entity tags of If-Match, which are stored with the command.
const maxTags = 64

// ifMatch returns the facts named by the entity tags of If-Match: the caller saw one of
// them as the last. Nil means that any version will do. The comparison is the strong
// one: a weak tag, and a tag that is not ours, match nothing.
func ifMatch(header http.Header) (domain.FactsSeen, error) {
	lines := header["If-Match"]
	if len(lines) == 0 {
		return nil, nil
	}
	tags, star, ok := entityTags(lines)
	switch {
	case star:
		return nil, nil
	case !ok || len(tags) > maxTags:
		return nil, invalidValue("If-Match", fmt.Sprintf("must be entity tags as ETag gives them, at most %d with commas between, or *", maxTags))
	}
	var seen domain.FactsSeen
	for _, tag := range tags {
		fact, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
		if id, err := parseID(fact); err == nil && id != uuid.Nil && !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	// A header that names no tag of ours must match nothing. An empty list would mean
	// that any version will do, and the write would overwrite what its caller has not
	// seen.
	if len(seen) == 0 {
		return domain.FactsSeen{noFact}, nil
	}
	return seen, nil
}

// maxKey bounds an Idempotency-Key, in characters.
const maxKey = 255

// keyOf returns the idempotency key of a request with a hash of method, path, If-Match
// and body; nil without a key. The hash tells a repeat from another request with the
// same key.
func keyOf(r *http.Request, by auth.Claims, body []byte) (*commands.IdempotencyKey, error) {
	values := r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // no key is no fault
	}
	if len(values) > 1 || !isKey(values[0]) {
		return nil, invalidValue("Idempotency-Key", "must be one text of 1 to 255 printable ASCII characters")
	}
	return &commands.IdempotencyKey{Client: by.ClientID, Name: values[0], Request: hashOf(
		[]byte(r.Method), []byte(r.URL.Path), []byte(strings.Join(r.Header["If-Match"], ",")), body,
	)}, nil
}

// isKey reports whether a text is 1 to 255 printable ASCII characters.
func isKey(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= maxKey
}

// hashOf hashes parts together with their lengths, so that no two lists of parts share
// a hash by shifting bytes between parts.
func hashOf(parts ...[]byte) [sha256.Size]byte {
	var all []byte
	for _, part := range parts {
		all = binary.BigEndian.AppendUint64(all, uint64(len(part)))
		all = append(all, part...)
	}
	return sha256.Sum256(all)
}
