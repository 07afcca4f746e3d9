package bundle

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// readme returns README.txt: what is in the bundle and how a stranger checks it, with the
// figures of this bundle.
func (c Contents) readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Non-associations of prisoner %s: facts and their proofs\n\n", c.PrisonerNumber)
	fmt.Fprintf(&b, "Made at %s by %s.\nReason: %s\n", instant(c.MadeAt), oneLine(c.User), oneLine(c.Reason))
	fmt.Fprintf(&b, "It has what was known at %s: %d facts.\n", instant(c.KnownAt), len(c.Facts))
	if len(c.Facts) == 0 {
		fmt.Fprintf(&b, "The record holds nothing about %s up to that time.\n", c.PrisonerNumber)
	}
	if uncovered := c.Uncovered(); len(uncovered) > 0 {
		fmt.Fprintf(&b, "Of these, %d are not covered by a signed head yet, and nothing here proves them. In facts.ndjson their index is null.\n", len(uncovered))
	}
	if c.Withheld {
		b.WriteString(withheldWords)
	}
	b.WriteString(c.filesWords())
	b.WriteString(c.checkWords())
	return b.String()
}

const withheldWords = `
Other people are withheld. The number, the name and the comments of others read "withheld",
a second person's number "withheld-2"; so do all other words that somebody wrote. The bytes of the facts are left out. Leaf and
proof show that a fact of this type, time and revision is in the record, and that none is
missing between two. The words of a fact can be checked by anybody who is given its bytes.
`

// filesWords says what each file is.
func (c Contents) filesWords() string {
	text := `
FILES
page.html      the record for people: open it in a browser, or print it
facts.ndjson   the facts, a line each, in the order of the record
checkpoint     the signed head: name of the record, number of facts, root of the tree
keys.txt       the public keys that the service says are its own
leaves/N.txt   what stands in the tree of fact N
proofs/N.tlog-proof   how leaf N leads to the root (c2sp.org/tlog-proof)
SHA256SUMS     the sum of every file here
`
	if c.Views != nil {
		text += "views.csv      which users looked at this person in the service\n"
	}
	return text + `
In facts.ndjson "recordedAt" is when the fact was recorded: from then on it was known. In
"metadataJSON", "occurredAt" is when it was true and "decidedAt" when it was decided. The
time at which a head was signed is the word of the service; the time of a cosignature is
the word of a witness who runs elsewhere.
`
}

// checkWords says how to check everything without any program of the service.
func (c Contents) checkWords() string {
	var b strings.Builder
	b.WriteString(`
CHECK IT YOURSELF
Unpack the bundle, go into its folder, and use sha256sum and base64, which every Linux has.

1. No file is damaged:

  sha256sum -c SHA256SUMS
`)
	f, steps := c.example()
	if f == nil {
		b.WriteString("\nNo fact here has a proof, so there is nothing more to compute.\n")
		return b.String() + c.keyWords(2)
	}
	fmt.Fprintf(&b, "\n2. The hash of a leaf is the SHA-256 of a zero byte and the leaf. Of fact %d:\n\n", f.Proof.Index)
	fmt.Fprintf(&b, "  { printf '\\0'; cat %s; } | sha256sum\n  %s\n", LeafFile(f.Proof.Index), hexOf(evidence.LeafHash(f.Proof.Leaf)))
	b.WriteString("\n3. Two hashes make the next one up: the SHA-256 of a byte 1, the left hash and the right one.\nThe other hash of each step stands in the proof, in base64. From this leaf to the root:\n\n")
	for _, s := range steps {
		fmt.Fprintf(&b, "  { printf '\\1'; echo %s | base64 -d; echo %s | base64 -d; } | sha256sum\n  %s   (in base64: %s)\n",
			base64Of(s.left), base64Of(s.right), hexOf(s.result), base64Of(s.result))
	}
	if len(steps) == 0 {
		b.WriteString("  The tree has one leaf: its hash is the root.\n")
	}
	fmt.Fprintf(&b, "\nThe last one is the root: the third line of the file checkpoint. Any other proof is computed\nin the same way.\n")
	b.WriteString(c.leafWords())
	return b.String() + c.keyWords(5)
}

// step is one pair of hashes on the way to the root.
type step struct{ left, right, result tlog.Hash }

// example returns the first proven fact and its way to the root; nil where none is proven.
func (c Contents) example() (*Fact, []step) {
	for i := range c.Facts {
		f := &c.Facts[i]
		if f.Proof == nil {
			continue
		}
		signed, err := f.Proof.Note()
		if err != nil {
			continue
		}
		return f, stepsOf(f.Proof, signed.Size)
	}
	return nil, nil
}

// stepsOf walks a proof as RFC 9162 §2.1.3.2 does.
func stepsOf(p *evidence.Proof, size int64) []step {
	var steps []step
	at, last, hash := p.Index, size-1, evidence.LeafHash(p.Leaf)
	for _, other := range p.Hashes {
		s := step{left: hash, right: other}
		if at&1 == 1 || at == last {
			s = step{left: other, right: hash}
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		}
		at, last = at>>1, last>>1
		s.result = tlog.NodeHash(s.left, s.right)
		steps, hash = append(steps, s), s.result
	}
	return steps
}

// leafWords says how the lines of a leaf come from the fact.
func (c Contents) leafWords() string {
	if c.Withheld {
		return `
4. The lines of a leaf are: its form, the id of the fact, its revision, its type, when it was
recorded, and three SHA-256: of the command id, a line feed and the name of the stream; of
the command id, a line feed and the data; of the metadata. The command id stands in the
metadata. It is withheld here, so the three cannot be computed.
`
	}
	for i, f := range c.Facts {
		command := evidence.CommandID(f.Recorded.Metadata)
		if f.Proof == nil || command == "" {
			continue
		}
		field := func(before, name string) string {
			return fmt.Sprintf(`sed -n '%ds/^.*%s"%s":"\([^"]*\)".*$/\1/p' %s | base64 -d`, i+1, before, name, factsFile)
		}
		// The keys before make the place unique in the line.
		data, metadata := field(`"provable":"content",`, "data"), fmt.Sprintf(`sed -n '%ds/^.*,"metadata":"\([^"]*\)","metadataJSON":.*$/\1/p' %s | base64 -d`, i+1, factsFile)
		return fmt.Sprintf(`
4. The lines of a leaf come from its fact. Of fact %d the metadata are:

  %s

Among them is the command id, here %s. The last three lines of the leaf are
the SHA-256 of the command id, a line feed and the name of the stream; of the command id, a
line feed and the data; and of the metadata:

  { echo %s; printf '%%s' '%s'; } | sha256sum
  { echo %s; %s; } | sha256sum
  %s | sha256sum
  tail -n 3 %s
`, f.Proof.Index, metadata, command, command, f.Recorded.Stream, command, data, metadata, LeafFile(f.Proof.Index))
	}
	return ""
}

func (c Contents) keyWords(number int) string {
	return fmt.Sprintf(`
%d. The root is signed. The signature is Ed25519, in the form of a signed note
(c2sp.org/signed-note). "nonassociations verify bundle FILE.zip --key VKEY" checks it and
everything above; so does any other program that knows these forms.

Do not take the key from keys.txt alone: a forged bundle would bring its own. Ask for it from
somebody else than the sender of this bundle: the operators of the service print it with
"nonassociations evidence key show", the witness has it in its list of logs, and an older
checkpoint, archive or bundle that you trust was signed with it.
`, number)
}

// instant is a time as leaves have it, cut to microseconds.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// oneLine keeps what a person wrote from looking like another line of the file.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func hexOf(h tlog.Hash) string    { return hex.EncodeToString(h[:]) }
func base64Of(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }
