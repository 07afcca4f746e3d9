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

// viewAt is the day and the place of an answer; the clock is London's.
func viewAt(at time.Time) shape.View {
	return shape.View{Today: domain.Today(at), London: at.Location()}
}

// render is the body and the entity tag of one non-association as it is answered
// at a moment, to who read it and to who wrote it.
func render(pair domain.Pair, n domain.NonAssociation, at time.Time) (body []byte, etag string, err error) {
	body, err = json.Marshal(viewAt(at).NonAssociation(pair, n))
	return body, etagOfOne(n.LastEventID, body), err
}

// etagOfOne names the last fact that changed a value which the answer shows:
// If-Match compares that part, inside the command. The rest of the answer may
// change with the day alone, so a hash of it follows.
func etagOfOne(lastFact uuid.UUID, body []byte) string {
	hash := sha256.Sum256(body)
	return `"` + lastFact.String() + "." + base64.RawURLEncoding.EncodeToString(hash[:9]) + `"`
}
