package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/eventstore"
)

const (
	// leafHeader is the first line of a leaf. It never changes.
	leafHeader = "nonassociations leaf v1"
	// MaxLeaf is how many bytes a leaf has at most.
	MaxLeaf = 512
	// maxType leaves room for the longest of the other lines.
	maxType = MaxLeaf - len(leafHeader) - 36 - 20 - len(leafTime) - 3*2*sha256.Size - leafLines
	// leafTime is the form of the time, always in UTC. Formatting cuts below a microsecond.
	leafTime = "2006-01-02T15:04:05.000000Z"
)

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// String returns lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Leaf is what the tree has of a fact. It has no name, no number and no text: without the
// metadata its digests cannot be tried out, because the command id cannot be guessed.
type Leaf struct {
	EventID  uuid.UUID
	Revision uint64
	Type     string // as stored
	// RecordedAt is in UTC, cut to microseconds.
	RecordedAt time.Time
	// Stream and Data are over the command id, LF, and the value; Metadata is over the
	// bytes alone.
	Stream, Data, Metadata Digest
}

// ErrLeaf is wrapped by the errors of facts that have no leaf and of texts that are none.
var ErrLeaf = errors.New("no leaf")

// NewLeaf returns the leaf of a fact. Only a type that is no line of text, or one that is too
// long, is an error: ErrLeaf.
func NewLeaf(recorded eventstore.RecordedEvent) (Leaf, error) {
	command := commandID(recorded.Metadata)
	leaf := Leaf{
		EventID: recorded.ID, Revision: recorded.Revision, Type: recorded.Type,
		RecordedAt: recorded.RecordedAt.UTC().Truncate(time.Microsecond),
		Stream:     salted(command, recorded.Stream),
		Data:       salted(command, recorded.Data),
		Metadata:   MetadataDigest(recorded.Metadata),
	}
	return leaf, leaf.check()
}

// check refuses what ParseLeaf would not give back.
func (l Leaf) check() error {
	switch year := l.RecordedAt.Year(); {
	case !isLine(l.Type):
		return fmt.Errorf("%w: the type of event %s is not a line of text", ErrLeaf, l.EventID)
	case year < 0 || year > 9999:
		return fmt.Errorf("%w: the year of event %s has not four digits", ErrLeaf, l.EventID)
	case len(l.Type) > maxType:
		return fmt.Errorf("%w: the type of event %s is too long", ErrLeaf, l.EventID)
	}
	return nil
}

// StreamDigest returns the digest of a stream's name.
func StreamDigest(commandID, stream string) Digest { return salted(commandID, stream) }

// DataDigest returns the digest of the data of a fact, which are the bytes of the log.
func DataDigest(commandID string, data []byte) Digest { return salted(commandID, data) }

// MetadataDigest returns the digest of the metadata of a fact.
func MetadataDigest(metadata []byte) Digest { return sha256.Sum256(metadata) }

// salted hashes a salt, LF and a value, without memory of its own where they are as short as
// those of nearly all facts.
func salted[S, V string | []byte](salt S, value V) Digest {
	var short [2048]byte
	return sha256.Sum256(append(append(append(short[:0], salt...), '\n'), value...))
}

// Text returns the leaf as it is kept, proven and hashed: at most MaxLeaf bytes.
func (l Leaf) Text() []byte { return l.AppendText(make([]byte, 0, MaxLeaf)) }

// AppendText appends the text of the leaf.
func (l Leaf) AppendText(b []byte) []byte {
	b = append(append(b, leafHeader...), '\n')
	b = appendID(b, l.EventID)
	b = append(strconv.AppendUint(append(b, '\n'), l.Revision, 10), '\n')
	b = append(append(b, l.Type...), '\n')
	b = append(appendTime(b, l.RecordedAt), '\n')
	for _, digest := range []*Digest{&l.Stream, &l.Data, &l.Metadata} {
		b = append(hex.AppendEncode(b, digest[:]), '\n')
	}
	return b
}

// appendID appends the usual text of an id.
func appendID(b []byte, id uuid.UUID) []byte {
	for i, part := range []struct{ from, to int }{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, id[part.from:part.to])
	}
	return b
}

// appendTime is AppendFormat of leafTime, for years of four digits, in a third of the time.
func appendTime(b []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	for _, part := range []struct {
		value, digits int
		end           byte
	}{{year, 4, '-'}, {int(month), 2, '-'}, {day, 2, 'T'}, {hour, 2, ':'}, {minute, 2, ':'}, {second, 2, '.'}, {at.Nanosecond() / 1000, 6, 'Z'}} {
		for digit := part.digits - 1; digit >= 0; digit-- {
			b = append(b, '0'+byte(part.value/powers[digit]%10)) //nolint:gosec // one digit
		}
		b = append(b, part.end)
	}
	return b
}

var powers = [...]int{1, 10, 100, 1000, 10_000, 100_000}

// leafLines is the number of lines of a leaf.
const leafLines = 8

// ParseLeaf returns the leaf of a text. It accepts what Text returns and nothing else, so
// that a leaf has one text. Errors: ErrLeaf.
func ParseLeaf(text []byte) (Leaf, error) {
	if len(text) > MaxLeaf {
		return Leaf{}, fmt.Errorf("%w: it is longer than %d bytes", ErrLeaf, MaxLeaf)
	}
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) != leafLines+1 || string(lines[0]) != leafHeader {
		return Leaf{}, fmt.Errorf("%w: it has not the %d lines of %q", ErrLeaf, leafLines, leafHeader)
	}
	id, errID := uuid.ParseBytes(lines[1])
	revision, errRevision := strconv.ParseUint(string(lines[2]), 10, 64)
	at, errAt := time.Parse(leafTime, string(lines[4]))
	l := Leaf{EventID: id, Revision: revision, Type: string(lines[3]), RecordedAt: at}
	err := errors.Join(errID, errRevision, errAt, l.check())
	for i, digest := range []*Digest{&l.Stream, &l.Data, &l.Metadata} {
		err = errors.Join(err, parseDigest(digest, lines[5+i]))
	}
	if err != nil || !bytes.Equal(l.Text(), text) {
		return Leaf{}, fmt.Errorf("%w: its lines are not in the form of %q", ErrLeaf, leafHeader)
	}
	return l, nil
}

func parseDigest(into *Digest, digits []byte) error {
	if len(digits) != hex.EncodedLen(len(into)) {
		return ErrLeaf
	}
	if _, err := hex.Decode(into[:], digits); err != nil {
		return fmt.Errorf("read a digest: %w", err)
	}
	return nil
}

// LeafHash returns the hash of a leaf's text in the tree: SHA-256 of a zero byte and it, which
// is tlog.RecordHash without memory of its own.
func LeafHash(text []byte) tlog.Hash {
	var short [1 + MaxLeaf]byte
	return sha256.Sum256(append(short[:1], text...))
}
