package mappingcheck

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// Extract is a file with NOMIS's rows, one JSON object with the field names of the NOMIS
// Prisoner API a line, in any order, with the rows of both mirrors. Memory holds where
// each row is, and no values. [ReadExtract] makes one. It is safe for concurrent use.
type Extract struct {
	file io.ReaderAt
	rows []place // sorted by pair, mirror and sequence
}

// place is where a row is in the file, and what it is of.
type place struct {
	pair      domain.Pair
	offset    int64
	sequence  int32
	length    int32
	line      int32
	backwards bool
}

// compare orders places as an extract keeps them, and as the file has them within a
// sequence.
func (p place) compare(other place) int {
	return cmp.Or(
		comparePairs(p.pair, other.pair), cmp.Compare(direction(p.backwards), direction(other.backwards)),
		cmp.Compare(p.sequence, other.sequence), cmp.Compare(p.line, other.line),
	)
}

func comparePairs(a, b domain.Pair) int {
	one, other := a.Numbers(), b.Numbers()
	return slices.Compare(one[:], other[:])
}

func direction(backwards bool) int {
	if backwards {
		return 1
	}
	return 0
}

// maxLine bounds a line. A row of NOMIS has about 400 bytes.
const maxLine = 1 << 20

// ReadExtract reads a file to its end and checks every line. The file must stay as it is,
// and open, while the extract is used. Blank lines are left out. A [*MalformedError] names
// every line that is no row or repeats one. Other errors are those of reading and of ctx.
func ReadExtract(ctx context.Context, file io.ReaderAt) (*Extract, error) {
	e, malformed := &Extract{file: file}, &MalformedError{}
	lines := bufio.NewScanner(io.NewSectionReader(file, 0, 1<<62))
	lines.Buffer(nil, maxLine)
	var offset, next int64
	lines.Split(func(data []byte, atEnd bool) (int, []byte, error) {
		advance, token, err := bufio.ScanLines(data, atEnd)
		offset, next = next, next+int64(advance)
		return advance, token, err
	})
	number := int32(1)
	for ; lines.Scan(); number++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text := lines.Bytes()
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		row, pair, err := parseRow(text)
		if err != nil {
			malformed.add(number, err.Error())
			continue
		}
		e.rows = append(e.rows, place{
			pair: pair, offset: offset, length: int32(len(text)), line: number, //nolint:gosec // at most maxLine
			sequence: int32(row.TypeSequence), backwards: isBackwards(pair, row), //nolint:gosec // parseRow bounds it
		})
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		malformed.add(number, "is longer than 1 MiB, and nothing after it was read")
	} else if err != nil {
		return nil, fmt.Errorf("read the extract: %w", err)
	}
	e.sort(malformed)
	return e, malformed.orNil()
}

// sort orders the rows, and adds those that repeat another to the malformed lines.
func (e *Extract) sort(malformed *MalformedError) {
	slices.SortFunc(e.rows, place.compare)
	for i := 1; i < len(e.rows); i++ {
		before, row := e.rows[i-1], e.rows[i]
		if before.pair == row.pair && before.backwards == row.backwards && before.sequence == row.sequence {
			malformed.add(row.line, fmt.Sprintf("is of the same prisoners and sequence as line %d", before.line))
		}
	}
}

// Changes implements [Theirs].
func (*Extract) Changes() bool { return false }

// Pairs implements [Theirs].
func (e *Extract) Pairs(_ context.Context, add func(domain.Pair)) error {
	for _, row := range e.rows {
		add(row.pair)
	}
	return nil
}

// Rows implements [Theirs]. An error means that the file has changed.
func (e *Extract) Rows(_ context.Context, pair domain.Pair) (mirror.Rows, error) {
	var rows mirror.Rows
	i, _ := slices.BinarySearchFunc(e.rows, pair, func(p place, pair domain.Pair) int { return comparePairs(p.pair, pair) })
	for ; i < len(e.rows) && e.rows[i].pair == pair; i++ {
		at := e.rows[i]
		text := make([]byte, at.length)
		if _, err := e.file.ReadAt(text, at.offset); err != nil && !errors.Is(err, io.EOF) {
			return mirror.Rows{}, fmt.Errorf("read line %d of the extract again: %w", at.line, err)
		}
		row, of, err := parseRow(text)
		if err != nil || of != pair || isBackwards(pair, row) != at.backwards {
			return mirror.Rows{}, fmt.Errorf("line %d of the extract has changed while it was compared", at.line)
		}
		if at.backwards {
			rows.Backwards = append(rows.Backwards, row)
		} else {
			rows.Forwards = append(rows.Forwards, row)
		}
	}
	return rows, nil
}

func isBackwards(pair domain.Pair, row mirror.Row) bool {
	return row.OffenderNo != string(pair.Numbers()[0])
}
