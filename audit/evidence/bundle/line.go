package bundle

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Provable is what a bundle lets a stranger prove of a fact. The values are in files: never
// change one.
type Provable string

// The kinds. The empty one, null in the file, is of a fact that no head covers.
const (
	Content   Provable = "content"   // the very bytes
	Existence Provable = "existence" // that it is there, its type, time and revision
)

// line is one line of facts.ndjson. README.txt depends on the order of its keys.
type line struct {
	Index        *int64         `json:"index"`
	EventID      uuid.UUID      `json:"eventId"`
	Stream       string         `json:"stream"`
	Revision     uint64         `json:"revision"`
	Type         string         `json:"type"`
	RecordedAt   string         `json:"recordedAt"` // as in the leaf
	Position     uint64         `json:"position"`
	Provable     *Provable      `json:"provable"`
	Data         *string        `json:"data"` // base64
	DataJSON     jsontext.Value `json:"dataJSON"`
	Metadata     *string        `json:"metadata"`
	MetadataJSON jsontext.Value `json:"metadataJSON"`
}

// lineOf returns the line of a fact; with withhold others are withheld in it.
func lineOf(f Fact, withhold *withholding) line {
	recorded := f.Recorded
	l := line{
		EventID: recorded.ID, Stream: recorded.Stream, Revision: recorded.Revision, Type: recorded.Type,
		RecordedAt: instant(recorded.RecordedAt), Position: recorded.Position.Uint64(),
	}
	provable := Content
	if withhold == nil {
		l.Data, l.DataJSON = ptr(base64.StdEncoding.EncodeToString(recorded.Data)), readable(recorded.Data)
		l.Metadata, l.MetadataJSON = ptr(base64.StdEncoding.EncodeToString(recorded.Metadata)), readable(recorded.Metadata)
	} else {
		provable = Existence
		l.Stream = withhold.numbers(recorded.Stream)
		l.DataJSON, l.MetadataJSON = withhold.document(recorded.Data), withhold.document(recorded.Metadata)
	}
	if f.Proof != nil {
		l.Index, l.Provable = &f.Proof.Index, &provable
	}
	return l
}

func ptr[T any](value T) *T { return &value }

// null is the JSON of bytes that are none: they are in the file in base64 all the same.
var null = jsontext.Value("null")

// readable returns JSON as it is, on one line; null for bytes that are no JSON.
func readable(text []byte) jsontext.Value {
	value := jsontext.Value(bytes.Clone(text))
	if value.Compact() != nil {
		return null
	}
	return value
}

// factsFile returns facts.ndjson.
func (c Contents) factsFile() ([]byte, error) {
	withhold := c.withholding()
	var out bytes.Buffer
	for _, f := range c.Facts {
		text, err := json.Marshal(lineOf(f, withhold))
		if err != nil {
			return nil, fmt.Errorf("write fact %s: %w", f.Recorded.ID, err)
		}
		out.Write(append(text, '\n'))
	}
	return out.Bytes(), nil
}
