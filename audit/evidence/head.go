package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is the state of the tree: a C2SP checkpoint without its signatures.
type Head struct {
	Origin string // name of the log; also that of its key
	Size   int64  // number of leaves
	Root   tlog.Hash
}

// Errors of heads, for errors.Is.
var (
	ErrNote   = errors.New("no signed head")
	ErrOrigin = errors.New("the name of a log has no blank and no plus sign, and is not empty")
)

// CheckOrigin refuses a name that cannot be that of a key: ErrOrigin.
func CheckOrigin(origin string) error {
	if !isLine(origin) || strings.ContainsAny(origin, "+") || len(strings.Fields(origin)) != 1 || strings.TrimSpace(origin) != origin {
		return ErrOrigin
	}
	return nil
}

// Text returns the three lines that are signed.
func (h Head) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", h.Origin, h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
}

// ParseHead returns the head of the text of a checkpoint. Lines after the third are
// extensions, which are ignored. Errors: ErrNote.
func ParseHead(text string) (Head, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || CheckOrigin(lines[0]) != nil {
		return Head{}, fmt.Errorf("%w: it has not the three lines of a checkpoint", ErrNote)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, fmt.Errorf("%w: its size is no number", ErrNote)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Head{}, fmt.Errorf("%w: its root is no SHA-256 in base64", ErrNote)
	}
	return Head{lines[0], size, root}, nil
}

func parseHash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || base64.StdEncoding.EncodeToString(b) != s {
		return tlog.Hash{}, fmt.Errorf("%w: a line is no SHA-256 in base64", ErrNote)
	}
	return tlog.Hash(b), nil
}

// Sign returns the note of a head, signed by all signers.
func Sign(h Head, signers ...note.Signer) (string, error) {
	signed, err := note.Sign(&note.Note{Text: h.Text()}, signers...)
	if err != nil {
		return "", fmt.Errorf("sign a head: %w", err)
	}
	return string(signed), nil
}

// Note is a signed head whose signatures were not checked.
type Note struct {
	Head
	// Body is what the signatures are over: the text of the head with its extensions.
	Body string
	// Signatures are those of the note in their order, without repeats.
	Signatures []note.Signature
}

// ParseNote reads a signed head and checks no signature. Errors: ErrNote.
func ParseNote(text string) (Note, error) {
	_, err := note.Open([]byte(text), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Note{}, fmt.Errorf("%w: it is no signed note", ErrNote)
	}
	head, err := ParseHead(unverified.Note.Text)
	if err != nil {
		return Note{}, err
	}
	return Note{head, unverified.Note.Text, unverified.Note.UnverifiedSigs}, nil
}

// SignatureLine returns a signature as a line of a note, ended by LF.
func SignatureLine(s note.Signature) string { return "— " + s.Name + " " + s.Base64 + "\n" }

// ParseSignatureLines returns the signatures of lines, such as the answer of a witness.
// Errors: ErrNote.
func ParseSignatureLines(lines string) ([]note.Signature, error) {
	parsed, err := ParseNote(Head{Origin: "lines"}.Text() + "\n" + lines)
	return parsed.Signatures, err
}

// WithLines returns the note with further signature lines after its own, as of a witness.
func WithLines(signed string, lines ...string) string {
	var b bytes.Buffer
	b.WriteString(signed)
	for _, line := range lines {
		b.WriteString(line)
	}
	return b.String()
}
