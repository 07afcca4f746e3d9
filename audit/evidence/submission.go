package evidence

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrSubmission is wrapped by the errors of texts that are no add-checkpoint.
var ErrSubmission = errors.New("no add-checkpoint")

// Submission is what a log sends to a witness: the body of add-checkpoint of C2SP's
// tlog-witness.
type Submission struct {
	Old    int64 // size that the witness has cosigned last; 0: none
	Proof  tlog.TreeProof
	Signed string // the note of the head
}

// Format returns the body of the request.
func (s Submission) Format() string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", s.Old)
	writeHashes(&b, s.Proof)
	return b.String() + "\n" + s.Signed
}

// ParseSubmission reads the body of a request and checks nothing but its form. Errors:
// ErrSubmission, ErrNote.
func ParseSubmission(body string) (Submission, error) {
	header, signed, found := strings.Cut(body, "\n\n")
	lines := strings.Split(header, "\n")
	number, is := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(number, 10, 64)
	if !found || !is || err != nil || old < 0 || strconv.FormatInt(old, 10) != number {
		return Submission{}, fmt.Errorf("%w: its first line is not the old size", ErrSubmission)
	}
	hashes, err := parseHashes(lines[1:])
	if err != nil {
		return Submission{}, fmt.Errorf("%w: a line is no SHA-256 in base64, or there are too many", ErrSubmission)
	}
	if _, err := ParseNote(signed); err != nil {
		return Submission{}, err
	}
	return Submission{old, hashes, signed}, nil
}
