package api

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/shape"
)

// viewAt returns the day and the time zone of an answer. The clock is London's.
func viewAt(at time.Time) shape.View {
	return shape.View{Today: domain.Today(at), London: at.Location()}
}

// render returns the body and the entity tag of one non-association at a moment.
// Reads and writes answer alike.
func render(pair domain.Pair, n domain.NonAssociation, at time.Time) (body []byte, etag string, err error) {
	body, err = json.Marshal(viewAt(at).NonAssociation(pair, n))
	return body, etagOfOne(n.LastEventID, body), err
}

// etagOfOne returns the entity tag of one non-association: the id of the last fact
// that changed a shown value, and a hash of the body. If-Match compares the first
// part, inside the command. The body may change with the day alone, which the second
// part shows.
func etagOfOne(lastFact uuid.UUID, body []byte) string {
	hash := sha256.Sum256(body)
	return `"` + lastFact.String() + "." + base64.RawURLEncoding.EncodeToString(hash[:9]) + `"`
}
