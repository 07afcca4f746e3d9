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

// large is a body that is made while it is sent: what there is of it in memory
// is one record and a buffer. Its rows are read twice in one moment of the read
// model: for its entity tag and its length, which stand before it, and then to be
// sent. So nearly every fault is an honest refusal, and one that comes later
// breaks the answer off short of its length.
type large struct {
	size  int64
	send  func(to io.Writer) error // once
	close func()                   // always; again it does nothing
}

// largeBuffer is how much of a body is sent at once.
const largeBuffer = 32 << 10

// slots bounds how many long lists are on their way at once: each holds a
// connection to the read model for as long as its reader takes.
type slots chan struct{}

// maxTurns is half of the fewest connections that there are.
const maxTurns = 4

// take waits for a turn; the one who has it gives it back.
func (t slots) take(ctx context.Context) (giveBack func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

// large waits for its turn with no connection in its hands.
func (l groupList) large(ctx context.Context, out response) (response, error) {
	giveBack, err := l.api.turns.take(ctx)
	if err != nil {
		return out, err
	}
	group, hides, err := l.again(ctx)
	if err != nil {
		giveBack()
		return out, err
	}
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
		ctx, cancel := context.WithTimeout(l.request.Context(), usual.write)
		defer cancel()
		err := l.send(ctx, group, hides, sum, to)
		if err != nil && l.request.Context().Err() == nil {
			l.api.logger.WarnContext(ctx, "a list was broken off", "error", err)
		}
		return err
	}}
	return out, nil
}

// again opens the group once more. Where the list is of a prison, all its
// numbers are collected first, and the directory is asked with no connection in
// hand: a record that comes meanwhile is of nobody whose place is known, and so
// it is kept.
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

// numbers are those of all records; both of each are of the group.
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

// write makes the whole body, record by record, with no control character raw.
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

var errChanged = errors.New("a list is not what was measured")

// send keeps the end of the body back until all of it is known to be what its
// entity tag says.
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

// measured takes hash and length of what is written to it.
type measured struct {
	hash hash.Hash
	size int64
}

// Write is [io.Writer]'s.
func (m *measured) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	return m.hash.Write(b)
}

// sendLarge sends the body of a reply whose headers are out, or breaks the
// connection off: an answer that is not whole must not look it.
func (p response) sendLarge(w http.ResponseWriter) {
	if err := p.large.send(w); err != nil {
		panic(http.ErrAbortHandler)
	}
}
