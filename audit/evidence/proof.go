package evidence

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	// maxProofHashes is more than any tree has levels.
	maxProofHashes = 63
	// MaxProof is how many bytes of a proof's text are read at most.
	MaxProof = 1 << 20
)

// ErrProof is wrapped by the errors of texts that are no proof, and of proofs that prove
// nothing.
var ErrProof = errors.New("no proof")

// Proof is a tlog-proof of C2SP: a leaf is in the tree of a head, at an index.
type Proof struct {
	Leaf   []byte // text of the leaf, in the extra line; nil: there is no such line
	Index  int64
	Hashes tlog.RecordProof
	Signed string // the note of the head, with its signatures, as it was made
}

// Format returns the text of a .tlog-proof file.
func (p Proof) Format() string {
	var b strings.Builder
	b.WriteString(proofHeader + "\n")
	if p.Leaf != nil {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Leaf) + "\n")
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	writeHashes(&b, p.Hashes)
	return b.String() + "\n" + p.Signed
}

// ParseProof reads a .tlog-proof and checks nothing but its form. Errors: ErrProof, ErrNote.
func ParseProof(text string) (Proof, error) {
	header, signed, found := strings.Cut(text, "\n\n")
	lines := strings.Split(header, "\n")
	if !found || len(text) > MaxProof || lines[0] != proofHeader {
		return Proof{}, fmt.Errorf("%w: it does not begin with %s", ErrProof, proofHeader)
	}
	p, lines := Proof{Signed: signed}, lines[1:]
	if extra, is := strings.CutPrefix(first(lines), "extra "); is {
		leaf, err := base64.StdEncoding.Strict().DecodeString(extra)
		if err != nil || strings.ContainsAny(extra, "\r\n") {
			return Proof{}, fmt.Errorf("%w: its line extra is not in base64", ErrProof)
		}
		p.Leaf, lines = leaf, lines[1:]
	}
	number, is := strings.CutPrefix(first(lines), "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !is || err != nil || index < 0 || strconv.FormatInt(index, 10) != number {
		return Proof{}, fmt.Errorf("%w: its line index is no number", ErrProof)
	}
	p.Index = index
	if p.Hashes, err = parseHashes(lines[1:]); err != nil {
		return Proof{}, err
	}
	if _, err := ParseNote(signed); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// first returns the first line; "" when there is none.
func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

// writeHashes writes each hash in a line.
func writeHashes(to *strings.Builder, hashes []tlog.Hash) {
	for _, hash := range hashes {
		to.WriteString(base64.StdEncoding.EncodeToString(hash[:]) + "\n")
	}
}

// parseHashes returns the hashes of lines. Errors: ErrProof.
func parseHashes(lines []string) ([]tlog.Hash, error) {
	if len(lines) > maxProofHashes {
		return nil, fmt.Errorf("%w: it has more than %d hashes", ErrProof, maxProofHashes)
	}
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		hash, err := parseHash(line)
		if err != nil {
			return nil, fmt.Errorf("%w: a line is no SHA-256 in base64", ErrProof)
		}
		hashes[i] = hash
	}
	return hashes, nil
}

// Note returns the head of the proof with its signatures, unchecked.
func (p Proof) Note() (Note, error) { return ParseNote(p.Signed) }

// Check reports whether the leaf lies at the index of the tree that the note names: nil, or
// ErrProof. It checks no signature: see Note.SignedBy.
func (p Proof) Check() error {
	n, err := p.Note()
	if err != nil {
		return err
	}
	if _, err := ParseLeaf(p.Leaf); err != nil {
		return fmt.Errorf("%w: its line extra: %w", ErrProof, err)
	}
	if p.Index >= n.Size {
		return fmt.Errorf("%w: index %d is not in a tree of %d leaves", ErrProof, p.Index, n.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, n.Size, n.Root, p.Index, LeafHash(p.Leaf)); err != nil {
		return fmt.Errorf("%w: the hashes do not lead from the leaf to the root", ErrProof)
	}
	return nil
}

// Prove returns the proof of the leaf at an index in the tree of a signed head, from hashes
// that HashReader reads. Errors: those of the reader.
func Prove(signed Note, text string, index int64, leaf []byte, hashes tlog.HashReader) (Proof, error) {
	proof, err := tlog.ProveRecord(signed.Size, index, hashes)
	if err != nil {
		return Proof{}, fmt.Errorf("prove a leaf: %w", err)
	}
	return Proof{leaf, index, proof, text}, nil
}
