package bundle_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain/domaintest"
)

// someLog has facts of two pairs of Alice and one of others.
func someLog(t testing.TB) *log {
	l := newLog(t)
	l.opens(recordID(1), domaintest.PairOf(alice, bob))
	l.opens(recordID(2), domaintest.PairOf(bob, carol))
	l.opens(recordID(3), domaintest.PairOf(alice, carol))
	l.happens(domaintest.PairOf(alice, bob).Stream(), closing(1))
	l.happens(domaintest.PairOf(bob, carol).Stream(), closing(2))
	return l
}

func TestBundle_holdsWhatALogSaysOfAPrisoner(t *testing.T) {
	l := someLog(t)
	s, found := l.sign(0), l.collect(alice)
	require.Len(t, found.Facts, 3)
	file := written(t, s.contents(t, alice, found))
	r := verified(t, file, s.keys())
	require.True(t, r.OK(), "%+v", r)
	require.Equal(t, 3, r.Proven)
	require.Empty(t, r.Gaps)
	require.Equal(t, file, written(t, s.contents(t, alice, found)), "the same contents make the same bytes")
}

// TestBundle_isCheckedWithoutOurs unpacks a bundle and types every command of its README.
func TestBundle_isCheckedWithoutOurs(t *testing.T) {
	l := someLog(t)
	for _, size := range []int{5, 4, 1} {
		s := l.sign(size)
		dir := unpack(t, written(t, s.contents(t, alice, l.collect(alice))))
		readme, err := os.ReadFile(filepath.Join(dir, "README.txt"))
		require.NoError(t, err)
		require.Contains(t, string(readme), "Reason: Inquiry 7 third request\n")
		require.Contains(t, shell(t, dir, "sha256sum -c SHA256SUMS"), "facts.ndjson: OK")
		lines, computed := strings.Split(string(readme), "\n"), 0
		for i, line := range lines {
			if !strings.HasPrefix(line, "  { printf") {
				continue
			}
			want := strings.Fields(lines[i+1])[0]
			require.Equal(t, want, strings.Fields(shell(t, dir, line))[0], "%s", line)
			computed++
		}
		require.Equal(t, size > 1, computed > 1)
		// The last three lines of the leaf, computed and as they are.
		start := strings.Index(string(readme), "data; and of the metadata:\n")
		require.Positive(t, start)
		out := shell(t, dir, strings.SplitN(string(readme)[start+len("data; and of the metadata:\n\n"):], "\n\n", 2)[0])
		sums := regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(out, -1)
		require.Len(t, sums, 6)
		require.Equal(t, sums[:3], sums[3:])
	}
}

func TestBundle_ofNothingSaysSo(t *testing.T) {
	l := someLog(t)
	s := l.sign(0)
	file := written(t, s.contents(t, dave, l.collect(dave)))
	dir := unpack(t, file)
	readme, err := os.ReadFile(filepath.Join(dir, "README.txt"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "The record holds nothing about D1234DD")
	r := verified(t, file, s.keys())
	require.True(t, r.OK())
	require.Zero(t, r.Facts)
}

// TestBundle_saysWhatIsNotCovered of facts that are newer than the head.
func TestBundle_saysWhatIsNotCovered(t *testing.T) {
	l := someLog(t)
	s := l.sign(3)
	c := s.contents(t, alice, l.collect(alice))
	require.Len(t, c.Uncovered(), 1)
	r := verified(t, written(t, c), s.keys())
	require.True(t, r.OK())
	require.Equal(t, [3]int{3, 2, 1}, [3]int{r.Facts, r.Proven, r.Unproven})
}

// TestBundle_withoutAnyHead has no key to be checked by, and nothing to prove.
func TestBundle_withoutAnyHead(t *testing.T) {
	l := someLog(t)
	s := l.sign(1)
	c := s.contents(t, carol, l.collect(carol))
	c.Signed = ""
	r := verified(t, written(t, c), nil)
	require.True(t, r.OK())
	require.Equal(t, r.Facts, r.Unproven)
}

// TestBundle_showsAGap where a fact of a stream was left out.
func TestBundle_showsAGap(t *testing.T) {
	l := someLog(t)
	s, found := l.sign(0), l.collect(alice)
	require.Equal(t, uint64(0), found.Facts[0].Revision)
	c := s.contents(t, alice, bundle.Collected{Facts: found.Facts[1:]})
	for _, withheld := range []bool{false, true} {
		c.Withheld = withheld
		r := verified(t, written(t, c), s.keys())
		require.Len(t, r.Gaps, 1)
		require.Equal(t, uint64(1), r.Gaps[0].Before)
	}
}

// TestVerify_namesWhatIsWrong changes one thing in every file.
func TestVerify_namesWhatIsWrong(t *testing.T) {
	l := someLog(t)
	s := l.sign(0)
	file := written(t, s.contents(t, alice, l.collect(alice)))
	other, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{9}, 64)), evidence.OfLog, origin)
	require.NoError(t, err)
	forged, err := evidence.Sign(s.note.Head, other.Signer())
	require.NoError(t, err)
	swap := func(old, replacement string) func(string) string {
		return func(text string) string {
			require.Contains(t, text, old)
			return strings.Replace(text, old, replacement, 1)
		}
	}
	for name, c := range map[string]struct {
		file string
		edit func(string) string
		kind bundle.Kind
		part string
	}{
		"data":       {"facts.ndjson", swap(`"dataJSON":{"nonAssociationId"`, `"dataJSON":{"nonAssociationID"`), bundle.Changed, "data"},
		"metadata":   {"facts.ndjson", swap(`"actor":"OFFICER"`, `"actor":"SOMEBODY"`), bundle.Changed, "metadata"},
		"stream":     {"facts.ndjson", swap(`nonAssociation-A0135GA_B9109UD`, `nonAssociation-A0135GA_C1234CC`), bundle.Changed, "stream"},
		"type":       {"facts.ndjson", swap(`nonassociation.closed.v1`, `nonassociation.reopened.v1`), bundle.Changed, "type"},
		"revision":   {"facts.ndjson", swap(`"revision":1`, `"revision":2`), bundle.Changed, "revision"},
		"provable":   {"facts.ndjson", swap(`"provable":"content"`, `"provable":"existence"`), bundle.Changed, "data"},
		"order":      {"facts.ndjson", func(text string) string { l := strings.SplitAfter(text, "\n"); return l[1] + l[0] + l[2] }, bundle.Moved, ""},
		"a line":     {"facts.ndjson", func(text string) string { return strings.SplitAfterN(text, "\n", 2)[1] }, bundle.Added, ""},
		"a leaf":     {"leaves/0.txt", func(string) string { return "" }, bundle.BadHead, ""},
		"a proof":    {"proofs/0.tlog-proof", swap("index 0", "index 1"), bundle.BadHead, ""},
		"no leaf":    {"leaves/0.txt", nil, bundle.Missing, ""},
		"the head":   {"checkpoint", swap("\n5\n", "\n6\n"), bundle.BadHead, ""},
		"signatures": {"checkpoint", func(string) string { return forged }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			edited := edit(t, file, c.file, c.edit)
			r, err := bundle.Verify(bytes.NewReader(edited), int64(len(edited)), s.keys())
			if c.kind == "" {
				require.ErrorIs(t, err, bundle.ErrNoKey)
				return
			}
			require.NoError(t, err)
			require.False(t, r.OK())
			require.NotEmpty(t, r.Problems)
			require.Contains(t, kinds(r), c.kind)
			if c.part != "" {
				require.Contains(t, r.Problems[0].Parts, c.part)
			}
			require.NotEqual(t, r.Files, r.Good, "the sums find it too")
			if c.edit != nil {
				require.Contains(t, r.BadFiles, c.file)
			}
		})
	}
}

func kinds(r bundle.Result) []bundle.Kind {
	var all []bundle.Kind
	for _, p := range r.Problems {
		all = append(all, p.Kind)
	}
	return all
}

func TestVerify_refusesWhatIsNoBundle(t *testing.T) {
	l := someLog(t)
	s := l.sign(0)
	file := written(t, s.contents(t, alice, l.collect(alice)))
	for name, broken := range map[string][]byte{
		"nothing":         {},
		"a text":          []byte("hello"),
		"half":            file[:len(file)/2],
		"no facts":        edit(t, file, "facts.ndjson", nil),
		"no sums":         edit(t, file, "SHA256SUMS", nil),
		"facts no JSON":   edit(t, file, "facts.ndjson", func(string) string { return "{\n" }),
		"unknown keys":    edit(t, file, "facts.ndjson", func(text string) string { return strings.Replace(text, `{"index"`, `{"more":1,"index"`, 1) }),
		"checkpoint text": edit(t, file, "checkpoint", func(string) string { return "hello" }),
		"leads out":       zipped(t, map[string]string{"../x": "", "facts.ndjson": "", "checkpoint": "", "SHA256SUMS": ""}),
	} {
		_, err := bundle.Verify(bytes.NewReader(broken), int64(len(broken)), s.keys())
		require.ErrorIs(t, err, bundle.ErrUnreadable, name)
	}
	_, err := bundle.Verify(bytes.NewReader(file), int64(len(file)), nil)
	require.ErrorIs(t, err, bundle.ErrNoKey)
}

func FuzzVerify_neverPanics(f *testing.F) {
	l := someLog(f)
	s := l.sign(0)
	f.Add(written(f, s.contents(f, alice, l.collect(alice))))
	f.Add(zipped(f, map[string]string{"facts.ndjson": "{}\n", "checkpoint": "", "SHA256SUMS": "x"}))
	f.Fuzz(func(_ *testing.T, file []byte) {
		_, _ = bundle.Verify(bytes.NewReader(file), int64(len(file)), s.keys())
	})
}

// edit changes one file of a bundle, or removes it when change is nil.
func edit(t testing.TB, file []byte, name string, change func(string) string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	all := map[string]string{}
	for _, f := range archive.File {
		opened, err := f.Open()
		require.NoError(t, err)
		body, err := io.ReadAll(opened)
		require.NoError(t, err)
		all[f.Name] = string(body)
	}
	require.Contains(t, all, name)
	if change == nil {
		delete(all, name)
	} else {
		all[name] = change(all[name])
	}
	return zipped(t, all)
}

func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, body := range files {
		into, err := w.Create(name)
		require.NoError(t, err)
		_, err = into.Write([]byte(body))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func unpack(t testing.TB, file []byte) string {
	t.Helper()
	dir := t.TempDir()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(dir, archive))
	return dir
}

func shell(t testing.TB, dir, command string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "sh", "-ec", command)
	run.Dir = dir
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s: %s", command, out)
	return string(out)
}
