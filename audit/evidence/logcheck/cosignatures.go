package logcheck

import (
	"context"
	"fmt"
	"slices"

	"nonassociations/audit/evidence"
)

// cosigned counts cosignatures, and keeps those that are wrong.
type cosigned struct {
	Cosignatures

	problems []Problem
}

// checkCosignatures checks every cosignature of heads. A line of an unknown key is ignored,
// so that another algorithm can be added; one that is no line of a note is bad.
func checkCosignatures(ctx context.Context, kept Kept, keys evidence.Keys, heads []head) (cosigned, error) {
	var all cosigned
	for page := range slices.Chunk(heads, pageRows) {
		rows, err := kept.Cosignatures(ctx, page[0].Size, page[len(page)-1].Size+1)
		if err != nil {
			return all, fmt.Errorf("read the cosignatures: %w", err)
		}
		witnessed := map[int64]bool{}
		for _, row := range rows {
			good := all.judge(headOf(page, row.Size), row.Line, keys)
			witnessed[row.Size] = witnessed[row.Size] || good
		}
		for _, h := range page {
			if !witnessed[h.Size] {
				all.Missing++
			}
		}
	}
	if !slices.ContainsFunc(keys, func(k evidence.Key) bool { return k.Kind == evidence.OfWitness }) {
		all.Missing = 0
	}
	return all, nil
}

// judge counts a cosignature, and reports whether it is good.
func (c *cosigned) judge(h *head, line string, keys evidence.Keys) bool {
	known, good := checkCosignature(h, line, keys)
	if !known {
		return false
	}
	if c.Checked++; good {
		c.Good++
		return true
	}
	p := Problem{Kind: Cosignature, Parts: []Part{}}
	if h != nil {
		p.FirstHead = h.first()
	}
	c.problems = append(c.problems, p)
	return false
}

// checkCosignature reports whether a line is to be judged, and whether it is good. That of a
// head which is gone is bad.
func checkCosignature(h *head, line string, keys evidence.Keys) (known, good bool) {
	of := evidence.Head{Origin: "gone"}
	if h != nil && h.Origin != "" {
		of = h.Head
	}
	n, err := evidence.ParseNote(of.Text() + "\n" + line)
	if err != nil || len(n.Signatures) != 1 {
		return true, false
	}
	c := n.Check(keys)[0]
	return c.Known && c.Kind == evidence.OfWitness, c.Good
}

// headOf returns the head of a size, nil when there is none.
func headOf(heads []head, size int64) *head {
	at, found := slices.BinarySearchFunc(heads, size, func(h head, size int64) int { return int(h.Size - size) })
	if !found {
		return nil
	}
	return &heads[at]
}

// firstOver returns the first head that covers the leaf at an index, nil when there is none.
func firstOver(heads []head, index int64) *FirstHead {
	at, _ := slices.BinarySearchFunc(heads, index+1, func(h head, size int64) int { return int(h.Size - size) })
	if at == len(heads) {
		return nil
	}
	return heads[at].first()
}
