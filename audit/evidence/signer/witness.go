package signer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
)

// Witness is who cosigns heads, by C2SP's tlog-witness.
type Witness struct {
	URL string // the submission prefix
	Key evidence.Key
}

const (
	witnessTime  = 10 * time.Second // of one call
	witnessRetry = 5 * time.Second  // after a fault
	witnessAgain = time.Hour        // after which the newest head is sent once more
	maxAnswer    = 64 << 10
	headsAtOnce  = 100
)

// refused is an answer of a witness that says the tree is not what it was.
type refused struct{ status int }

func (r refused) Error() string { return fmt.Sprintf("the witness refused the head with %d", r.status) }

// larger is the answer of a witness that has cosigned another size than it was told.
type larger struct{ size int64 }

func (l larger) Error() string { return fmt.Sprintf("the witness has cosigned size %d", l.size) }

// errForged means that no line of an answer is a good signature of the witness.
var errForged = errors.New("the witness answered without a good cosignature of its key")

// sending is what the goroutine of the witness remembers.
type sending struct {
	*Signer

	refusedAt int64     // size of the last head that was refused: it is not sent again before its hour
	sentAt    time.Time // of the last head
}

// witness sends heads until the context ends, while this process has the lease.
func (s *Signer) witness(ctx context.Context) {
	tick := time.NewTicker(min(witnessRetry, max(s.options.Every/2, 100*time.Millisecond)))
	defer tick.Stop()
	sent := sending{Signer: s, sentAt: s.options.Clock()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.handler.signed:
		case <-tick.C:
		}
		if !s.handler.leads.Load() {
			continue
		}
		if err := sent.all(ctx); err != nil && ctx.Err() == nil {
			s.options.Logger.WarnContext(ctx, "head not cosigned", "error", err)
		}
	}
}

// all sends every head that the witness has not cosigned, the smallest first, and once an
// hour the newest again.
func (s *sending) all(ctx context.Context) error {
	cosigned, err := s.options.Tree.LastCosigned(ctx)
	if err != nil {
		return err
	}
	heads, err := s.options.Tree.Heads(ctx, max(cosigned, s.refusedAt), headsAtOnce)
	if err != nil {
		return err
	}
	if now := s.options.Clock(); len(heads) == 0 && (now.Sub(s.sentAt) >= witnessAgain || now.Before(s.sentAt)) {
		newest, err := s.options.Tree.NewestHead(ctx)
		if errors.Is(err, store.ErrNoHead) {
			return nil
		}
		if err != nil {
			return err
		}
		heads = []store.Head{newest}
	}
	for _, head := range heads {
		if cosigned, err = s.one(ctx, head, cosigned); err != nil {
			return err
		}
	}
	return nil
}

// one sends a head and keeps the answer. It returns the size that the witness knows now.
func (s *sending) one(ctx context.Context, head store.Head, cosigned int64) (int64, error) {
	lines, err := s.submit(ctx, head, min(cosigned, head.Size))
	var other larger
	if errors.As(err, &other) {
		newest, failed := s.options.Tree.NewestHead(ctx)
		switch {
		case failed != nil:
			return cosigned, failed
		case other.size > newest.Size:
			err = refused{http.StatusConflict} // it has seen a larger tree than there is
		case other.size > head.Size:
			return other.size, nil // this head will stay without a cosignature
		default:
			if lines, err = s.submit(ctx, head, other.size); errors.As(err, &other) {
				err = refused{http.StatusConflict}
			}
		}
	}
	var no refused
	if errors.As(err, &no) {
		s.sentAt, s.refusedAt = s.options.Clock(), head.Size
		return cosigned, errors.Join(err, s.options.Tree.AddRefusal(ctx, no.status, head.Size, s.options.Clock()))
	}
	if err != nil {
		return cosigned, err
	}
	for _, line := range lines {
		if err := s.options.Tree.AddCosignature(ctx, line); err != nil {
			return cosigned, err
		}
	}
	s.sentAt = s.options.Clock()
	return head.Size, nil
}

// submit calls the witness once. old is the size that it is told to know.
func (s *sending) submit(ctx context.Context, head store.Head, old int64) ([]store.Cosignature, error) {
	note, err := evidence.ParseNote(head.Note)
	if err != nil {
		return nil, err
	}
	body := evidence.Submission{Old: old, Signed: head.Note}
	if old > 0 && old < head.Size {
		if body.Proof, err = tlog.ProveTree(head.Size, old, s.options.Tree.Reader(ctx, note.Head)); err != nil {
			return nil, fmt.Errorf("prove that the tree has grown: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	address := strings.TrimSuffix(s.options.Witness.URL, "/") + "/add-checkpoint"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body.Format()))
	if err != nil {
		return nil, fmt.Errorf("call the witness: %w", err)
	}
	answer, err := s.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("call the witness: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of the witness: %w", err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return s.good(note, head.Size, string(text))
	case http.StatusConflict:
		// Equal sizes in conflict are two roots of one size.
		if size, err := strconv.ParseInt(strings.TrimSuffix(string(text), "\n"), 10, 64); err == nil && size >= 0 && size != old {
			return nil, larger{size}
		}
		return nil, refused{answer.StatusCode}
	case http.StatusUnprocessableEntity:
		return nil, refused{answer.StatusCode}
	}
	return nil, fmt.Errorf("the witness answered %d", answer.StatusCode)
}

func (s *Signer) client() *http.Client {
	if s.options.Client != nil {
		return s.options.Client
	}
	return http.DefaultClient
}

// good returns the lines of an answer that are good signatures of the witness. All others
// are ignored. None is errForged.
func (s *sending) good(note evidence.Note, size int64, lines string) ([]store.Cosignature, error) {
	signatures, err := evidence.ParseSignatureLines(lines)
	if err != nil {
		return nil, errForged
	}
	note.Signatures = signatures
	var all []store.Cosignature
	for _, c := range note.Check(evidence.Keys{s.options.Witness.Key}) {
		if c.Good {
			all = append(all, store.Cosignature{Size: size, Line: evidence.SignatureLine(c.Signature), At: c.Time})
		}
	}
	if len(all) == 0 {
		return nil, errForged
	}
	return all, nil
}
