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

// noFact is the id of no fact: an entity tag that none of our answers had
// matches nothing.
var noFact = uuid.Max

// maxTags is how many entity tags If-Match may hold: they are kept with the
// command in its fact.
const maxTags = 64

// ifMatch are the facts of which the caller saw one as the last, out of the
// entity tags that If-Match holds; none when any will do. The comparison is the
// strong one, so that a weak tag matches nothing, as one that is none of ours.
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
		return nil, invalid([]fault{{"If-Match", fmt.Sprintf("must be entity tags as ETag gives them, at most %d with commas between, or *", maxTags)}}, 0)
	}
	var seen domain.FactsSeen
	for _, tag := range tags {
		fact, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
		if id, err := parseID(fact); err == nil && id != uuid.Nil && !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	if len(seen) == 0 {
		return domain.FactsSeen{noFact}, nil
	}
	return seen, nil
}

// maxKey is the length of an Idempotency-Key in characters.
const maxKey = 255

// keyOf is the key that the caller gave the request, with a hash of everything
// that was asked; nil when there is none.
func keyOf(r *http.Request, by auth.Claims, body []byte) (*commands.IdempotencyKey, error) {
	values := r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // no key is no fault
	}
	if len(values) > 1 || !isKey(values[0]) {
		return nil, invalid([]fault{{"Idempotency-Key", "must be one text of 1 to 255 printable ASCII characters"}}, 0)
	}
	return &commands.IdempotencyKey{Client: by.ClientID, Name: values[0], Request: hashOf(
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
