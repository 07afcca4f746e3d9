package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/queries"
)

// large is a body that is produced while it is sent: memory holds one record and a
// buffer. Its rows are read twice in one snapshot: first for the entity tag and the
// length, which come before the body, and then to be sent. Nearly every fault is so an
// honest refusal, and a later one breaks the answer off short of its length.
type large struct {
	size  int64
	send  func(to io.Writer) error // once
	close func()                   // must be called; a second call does nothing
}

// largeBuffer is the size of one write, in bytes.
const largeBuffer = 32 << 10

// slots is a semaphore: it bounds how many long lists are sent at once. Each holds a
// connection to the read model for as long as its client reads.
type slots chan struct{}

// maxSlots is half of the smallest pool: stalled readers leave the other half to other
// requests.
const maxSlots = 4

// take waits for a slot and returns the function that gives it back.
func (t slots) take(ctx context.Context) (giveBack func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

// large prepares a streamed list. It waits for a slot before it takes a connection.
func (l groupList) large(ctx context.Context, out response) (response, error) {
	giveBack, err := l.api.slots.take(ctx)
	if err != nil {
		return out, err
	}
	group, hides, err := l.again(ctx)
	if err != nil {
		giveBack()
		return out, err
	}
	// The slot is given back after the connection and never before, since a slot bounds
	// the connections that are held.
	end := sync.OnceFunc(func() { group.Close(); giveBack() })
	out.position = formatPosition(group.Position)
	seen := &measured{hash: sha256.New()}
	if err := l.write(ctx, group, hides, seen); err != nil {
		end()
		return out, unavailable(err)
	}
	sum := seen.hash.Sum(nil)
	out.etag = etagOfHash(sum)
	out.large = &large{size: seen.size, close: end, send: func(to io.Writer) error {
		// The time of a request is over soon, and a long list may take longer than that
		// to send. The server's write deadline bounds it instead.
		ctx, cancel := context.WithTimeout(l.request.Context(), usual.write)
		defer cancel()
		err := l.send(ctx, group, hides, sum, to)
		if err != nil && l.request.Context().Err() == nil {
			l.api.logger.WarnContext(ctx, "list cut off", "error", err)
		}
		return err
	}}
	return out, nil
}

// again opens the group once more. For the list of a prison all its numbers are
// collected first, and the directory is asked while no connection is held. The place
// of a prisoner in a record that appears meanwhile is unknown, so it is kept.
func (l groupList) again(ctx context.Context) (queries.Group, func(queries.Record) bool, error) {
	var numbers []domain.PrisonerNumber
	if prisonOf(l.prison) != "" {
		var err error
		if numbers, err = l.numbers(ctx); err != nil {
			return queries.Group{}, nil, err
		}
	}
	hides := l.hides(ctx, numbers)
	group, err := l.open(ctx)
	return group, hides, err
}

// numbers returns the prisoner numbers of all records, each once.
func (l groupList) numbers(ctx context.Context) ([]domain.PrisonerNumber, error) {
	group, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	defer group.Close()
	known := map[domain.PrisonerNumber]struct{}{}
	var numbers []domain.PrisonerNumber
	err = group.Each(ctx, 0, func(record queries.Record) error {
		for _, number := range bothNumbers(record.Pair) {
			if _, is := known[number]; !is {
				known[number] = struct{}{}
				numbers = append(numbers, number)
			}
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return numbers, nil
}

// write writes the whole body, record by record, control characters escaped.
func (l groupList) write(ctx context.Context, group queries.Group, hides func(queries.Record) bool, to io.Writer) error {
	before := "["
	err := group.Each(ctx, 0, func(record queries.Record) error {
		if hides(record) {
			return nil
		}
		text, err := json.Marshal(l.view.NonAssociation(record.Pair, record.NonAssociation))
		if err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		if _, err := io.WriteString(to, before); err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		before = ","
		if _, err := to.Write(domain.Escaped(text)); err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	end := "]"
	if before == "[" {
		end = "[]"
	}
	if _, err := io.WriteString(to, end); err != nil {
		return fmt.Errorf("end a list: %w", err)
	}
	return nil
}

// errChanged breaks off a list whose second read differs from the first. It cannot
// happen within one snapshot, and is checked all the same: the entity tag was sent
// already.
var errChanged = errors.New("the list differs from what was measured")

// send writes the body and holds back its end until all of it is known to match the
// entity tag.
func (l groupList) send(ctx context.Context, group queries.Group, hides func(queries.Record) bool, sum []byte, to io.Writer) error {
	buffer, seen := bufio.NewWriterSize(to, largeBuffer), &measured{hash: sha256.New()}
	if err := l.write(ctx, group, hides, io.MultiWriter(seen, buffer)); err != nil {
		return err
	}
	if string(seen.hash.Sum(nil)) != string(sum) {
		return errChanged
	}
	return buffer.Flush()
}

// measured hashes and counts what is written to it.
type measured struct {
	hash hash.Hash
	size int64
}

// Write never fails.
func (m *measured) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	return m.hash.Write(b)
}

// sendLarge sends the body of a response whose headers are sent. On a fault it aborts
// the connection: an incomplete answer must not look complete.
func (p response) sendLarge(w http.ResponseWriter) {
	if err := p.large.send(w); err != nil {
		panic(http.ErrAbortHandler)
	}
}
