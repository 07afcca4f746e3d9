package bundle

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// Parts of a fact, as verify log names them.
const (
	partData     = "data"
	partMetadata = "metadata"
)

func sorted[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

// readFacts returns the lines of facts.ndjson. Errors: ErrUnreadable with the line.
func readFacts(text []byte) ([]line, error) {
	var facts []line
	for one := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(one, &l, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("%w: line %d of %s is not in its form", ErrUnreadable, len(facts)+1, factsFile)
		}
		facts = append(facts, l)
	}
	return facts, nil
}

// checking is a check of the facts of one bundle.
type checking struct {
	*Result

	files  map[string][]byte
	note   evidence.Note
	signed string
	used   map[string]bool // leaves and proofs that a fact names
	last   int64           // index of the fact before; -1 for none
}

// head checks the signature of the checkpoint. A bundle in which nothing is proven may have
// none. Errors: ErrUnreadable, ErrNoKey.
func (c *checking) head(signed string, keys evidence.Keys, facts []line) error {
	c.signed, c.last = signed, -1
	if signed == "" && !slices.ContainsFunc(facts, func(l line) bool { return l.Index != nil }) {
		return nil
	}
	note, err := evidence.ParseNote(signed)
	if err != nil {
		return fmt.Errorf("%w: its checkpoint is no signed head", ErrUnreadable)
	}
	c.note = note
	if !note.KnowsLog(keys) {
		return ErrNoKey
	}
	if !note.SignedBy(keys) {
		c.Problems = append(c.Problems, Problem{Kind: BadHead, Words: "The signature of the head is wrong."})
	}
	return nil
}

// fact checks one fact and counts it.
func (c *checking) fact(l line) {
	if l.Index == nil {
		c.Unproven++
		if l.Provable != nil {
			c.problem(l, Missing, nil, "It is said to be provable and has no index.")
		}
		return
	}
	if *l.Index <= c.last {
		c.problem(l, Moved, nil, "It does not come after the fact before it.")
	}
	c.last = *l.Index
	leaf, ok := c.proven(l)
	if !ok {
		return
	}
	parts := differingHeader(l, leaf)
	switch {
	case l.Provable != nil && *l.Provable == Content:
		parts = append(parts, differingContent(l, leaf)...)
	case l.Provable != nil && *l.Provable == Existence && l.Data == nil && l.Metadata == nil:
	default:
		c.problem(l, Changed, []string{partData, partMetadata}, "It does not say what of it can be proven.")
		return
	}
	switch {
	case len(parts) > 0:
		c.problem(l, Changed, parts, "Its leaf says otherwise.")
	case *l.Provable == Content:
		c.Proven++
	default:
		c.ExistenceOnly++
	}
}

// proven checks leaf and proof of a fact and returns the leaf.
func (c *checking) proven(l line) (evidence.Leaf, bool) {
	text, isLeaf := c.take(LeafFile(*l.Index))
	file, isProof := c.take(ProofFile(*l.Index))
	if !isLeaf || !isProof {
		c.problem(l, Missing, nil, "Its leaf or its proof is not in the bundle.")
		return evidence.Leaf{}, false
	}
	proof, err := evidence.ParseProof(string(file))
	if err != nil || proof.Index != *l.Index || proof.Signed != c.signed || !bytes.Equal(proof.Leaf, text) {
		c.problem(l, BadHead, nil, "Its proof is not of this leaf, this index and this head.")
		return evidence.Leaf{}, false
	}
	if err := proof.Check(); err != nil {
		c.problem(l, BadHead, nil, "Its proof does not lead to the root.")
		return evidence.Leaf{}, false
	}
	leaf, err := evidence.ParseLeaf(text)
	return leaf, err == nil // which Check has seen
}

func (c *checking) take(name string) ([]byte, bool) {
	c.used[name] = true
	body, is := c.files[name]
	return body, is
}

// unused finds leaves and proofs that no fact names.
func (c *checking) unused() {
	for _, name := range sorted(c.files) {
		if (strings.HasPrefix(name, "leaves/") || strings.HasPrefix(name, "proofs/")) && !c.used[name] {
			c.Problems = append(c.Problems, Problem{Kind: Added, Words: "No fact names " + name + "."})
		}
	}
}

func (c *checking) problem(l line, kind Kind, parts []string, words string) {
	c.Problems = append(c.Problems, Problem{
		Kind: kind, Index: l.Index, EventID: &l.EventID, Stream: &l.Stream, Revision: &l.Revision, Parts: parts, Words: words,
	})
}

// differingHeader returns what a leaf says otherwise of a fact without its bytes.
func differingHeader(l line, leaf evidence.Leaf) []string {
	var parts []string
	for _, part := range []struct {
		name string
		same bool
	}{
		{"type", l.Type == leaf.Type},
		{"recordedAt", l.RecordedAt == instant(leaf.RecordedAt)},
		{"revision", l.Revision == leaf.Revision},
		{"eventId", l.EventID == leaf.EventID},
	} {
		if !part.same {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// differingContent returns what a leaf says otherwise of the bytes of a fact, and which of
// the JSON beside them is another. When the command id itself is another, metadata stands
// for the three.
func differingContent(l line, leaf evidence.Leaf) []string {
	data, errData := bytesOf(l.Data)
	metadata, errMetadata := bytesOf(l.Metadata)
	if errData != nil || errMetadata != nil {
		return []string{partData, partMetadata}
	}
	of, err := evidence.NewLeaf(eventstore.RecordedEvent{
		Event: eventstore.Event{ID: l.EventID, Type: l.Type, Data: data, Metadata: metadata}, Stream: l.Stream, Revision: l.Revision, RecordedAt: leaf.RecordedAt,
	})
	if err != nil {
		return []string{"type"}
	}
	sameData := of.Data == leaf.Data && equalJSON(l.DataJSON, data)
	sameMetadata := of.Metadata == leaf.Metadata && equalJSON(l.MetadataJSON, metadata)
	if !sameMetadata && of.Data != leaf.Data && of.Stream != leaf.Stream {
		return []string{partMetadata}
	}
	var parts []string
	if !sameData {
		parts = append(parts, partData)
	}
	if !sameMetadata {
		parts = append(parts, partMetadata)
	}
	if of.Stream != leaf.Stream {
		parts = append(parts, "stream")
	}
	return parts
}

func bytesOf(text *string) ([]byte, error) {
	if text == nil {
		return nil, ErrUnreadable
	}
	return base64.StdEncoding.Strict().DecodeString(*text) //nolint:wrapcheck // the part is named
}

// equalJSON reports whether JSON that was made for reading says what the bytes say.
func equalJSON(shown jsontext.Value, text []byte) bool {
	return bytes.Equal(shown, readable(text))
}

// gapsOf returns the places at which facts of a stream are not in the bundle.
func gapsOf(facts []line) []Gap {
	var gaps []Gap
	last := map[string]uint64{}
	for _, l := range facts {
		before, seen := last[l.Stream]
		switch {
		case !seen && l.Revision > 0:
			gaps = append(gaps, Gap{Stream: l.Stream, Before: l.Revision})
		case seen && l.Revision > before+1:
			gaps = append(gaps, Gap{l.Stream, ptr(before), l.Revision})
		}
		last[l.Stream] = l.Revision
	}
	return gaps
}
