package rebuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"nonassociations/projections/generation"
)

const (
	digits      = 12 // of a SHA-256 that are shown
	maxPointers = 20 // of one row
)

// differingRow is one row of both generations, as text.
type differingRow struct {
	table             generation.Table
	live, built       [][]byte
	hasLive, hasBuilt bool
	show              bool // values instead of digits
}

// describe returns the places at which the row differs.
func (r differingRow) describe() []Difference {
	whole := Difference{Table: r.table.Name, Key: r.key()}
	hasher := newRowHasher()
	switch {
	case !r.hasLive:
		whole.Kind, whole.Log = Missing, r.shownRow(hasher, r.built)
		return []Difference{whole}
	case !r.hasBuilt:
		whole.Kind, whole.ReadModel = Extra, r.shownRow(hasher, r.live)
		return []Difference{whole}
	}
	var all []Difference
	for i, column := range r.table.Columns {
		if bytes.Equal(r.live[i], r.built[i]) && (r.live[i] == nil) == (r.built[i] == nil) {
			continue
		}
		one := whole
		name := strings.Trim(column, `"`)
		one.Kind, one.Column = Changed, &name
		all = append(all, r.describeColumn(one, r.live[i], r.built[i])...)
	}
	return all
}

// describeColumn names the parts of a JSON text that differ, or the whole text.
func (r differingRow) describeColumn(one Difference, live, built []byte) []Difference {
	var was, is any
	if parse(live, &was) && parse(built, &is) {
		var all []Difference
		for _, p := range pointers("", was, is, nil) {
			part := one
			part.Pointer, part.ReadModel, part.Log = &p.pointer, r.shown(p.live), r.shown(p.built)
			all = append(all, part)
		}
		if len(all) > 0 {
			return all
		}
	}
	one.ReadModel, one.Log = r.shown(live), r.shown(built)
	return []Difference{one}
}

// key names the row.
func (r differingRow) key() string {
	side := r.live
	if !r.hasLive {
		side = r.built
	}
	var parts []string
	for _, k := range r.table.Shown {
		parts = append(parts, string(side[slices.Index(r.table.Columns, k)]))
	}
	return strings.Join(parts, "/")
}

// shown returns the first digits of the SHA-256 of a text, or the text. NULL is nil.
func (r differingRow) shown(text []byte) *string {
	if text == nil {
		return nil
	}
	sum := sha256.Sum256(text)
	shown := hex.EncodeToString(sum[:])[:digits]
	if r.show {
		shown = string(text)
	}
	return &shown
}

func (r differingRow) shownRow(hasher rowHasher, columns [][]byte) *string {
	sum := hasher.sum(columns)
	shown := hex.EncodeToString(sum[:])[:digits]
	if r.show {
		shown = string(bytes.Join(columns, []byte(" | ")))
	}
	return &shown
}

// parse reads a JSON object or array. Numbers keep their digits.
func parse(text []byte, into *any) bool {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into) == nil
}

// place is a part of two JSON texts that differs; nil on a side that lacks it.
type place struct {
	pointer     string
	live, built []byte
}

// pointers appends the places at which two JSON values differ, by RFC 6901.
func pointers(at string, live, built any, all []place) []place {
	if len(all) >= maxPointers {
		return all
	}
	switch l := live.(type) {
	case map[string]any:
		if b, is := built.(map[string]any); is {
			return objectPointers(at, l, b, all)
		}
	case []any:
		if b, is := built.([]any); is {
			return arrayPointers(at, l, b, all)
		}
	}
	was, is := marshal(live), marshal(built)
	if bytes.Equal(was, is) {
		return all
	}
	return append(all, place{at, was, is})
}

func objectPointers(at string, live, built map[string]any, all []place) []place {
	var keys []string
	for k := range live {
		keys = append(keys, k)
	}
	for k := range built {
		if _, both := live[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		l, inLive := live[k]
		b, inBuilt := built[k]
		under := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(k)
		all = onOneSide(under, l, b, inLive, inBuilt, all)
	}
	return all
}

func arrayPointers(at string, live, built []any, all []place) []place {
	for i := range max(len(live), len(built)) {
		var l, b any
		if i < len(live) {
			l = live[i]
		}
		if i < len(built) {
			b = built[i]
		}
		all = onOneSide(at+"/"+strconv.Itoa(i), l, b, i < len(live), i < len(built), all)
	}
	return all
}

func onOneSide(at string, live, built any, inLive, inBuilt bool, all []place) []place {
	switch {
	case len(all) >= maxPointers:
		return all
	case !inLive:
		return append(all, place{at, nil, marshal(built)})
	case !inBuilt:
		return append(all, place{at, marshal(live), nil})
	}
	return pointers(at, live, built, all)
}

// marshal returns a JSON value as text; a text is shown without its quotes.
func marshal(value any) []byte {
	if text, is := value.(string); is {
		return []byte(text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return []byte{} // values that were parsed can be written
	}
	return text
}
