package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestLeaf_hasTheLinesOfTheContract computes each of them another way.
func TestLeaf_hasTheLinesOfTheContract(t *testing.T) {
	t.Parallel()
	fact := recorded(7)
	command := uuid.NewSHA1(fact.ID, []byte("command")).String()
	leaf, err := evidence.NewLeaf(fact)
	require.NoError(t, err)
	require.Equal(t, []string{
		"nonassociations leaf v1", fact.ID.String(), "7", "NonAssociationOpened.v1", "2026-07-15T11:00:00.123456Z",
		sha(command + "\n" + fact.Stream), sha(command + "\n" + string(fact.Data)), sha(string(fact.Metadata)),
	}, lines(leaf.Text()))
	require.LessOrEqual(t, len(leaf.Text()), evidence.MaxLeaf)
	again, err := evidence.ParseLeaf(leaf.Text())
	require.NoError(t, err)
	require.Equal(t, leaf, again)
	hash := evidence.LeafHash(leaf.Text())
	require.Equal(t, sha("\x00"+string(leaf.Text())), hex.EncodeToString(hash[:]))
}

func TestLeaf_showsNobody(t *testing.T) {
	t.Parallel()
	text := string(leafOf(t, 1))
	for _, secret := range []string{"A1234BC", "JSMITH", evidence.CommandID(recorded(1).Metadata), "nonAssociation-"} {
		require.NotContains(t, text, secret)
	}
}

// TestLeaf_changesWithEveryPartOfTheFact, and not with its position.
func TestLeaf_changesWithEveryPartOfTheFact(t *testing.T) {
	t.Parallel()
	want := string(leafOf(t, 1))
	for name, change := range map[string]func(*eventstore.RecordedEvent){
		"id":       func(r *eventstore.RecordedEvent) { r.ID[0]++ },
		"revision": func(r *eventstore.RecordedEvent) { r.Revision++ },
		"type":     func(r *eventstore.RecordedEvent) { r.Type += "x" },
		"time":     func(r *eventstore.RecordedEvent) { r.RecordedAt = r.RecordedAt.Add(time.Microsecond) },
		"stream":   func(r *eventstore.RecordedEvent) { r.Stream += "x" },
		"data":     func(r *eventstore.RecordedEvent) { r.Data = append(r.Data, ' ') },
		"metadata": func(r *eventstore.RecordedEvent) { r.Metadata = append(r.Metadata, ' ') },
	} {
		fact := recorded(1)
		change(&fact)
		leaf, err := evidence.NewLeaf(fact)
		require.NoError(t, err, name)
		require.NotEqual(t, want, string(leaf.Text()), name)
	}
	fact := recorded(1)
	fact.Position = eventstore.Position{Commit: 5, Prepare: 5}
	leaf, err := evidence.NewLeaf(fact)
	require.NoError(t, err)
	require.Equal(t, want, string(leaf.Text()))
}

func TestLeaf_ofAnyFact(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{"", "{}", "no JSON", `{"commandId":7}`, `[]`} {
		fact := recorded(1)
		fact.Metadata = []byte(metadata)
		leaf, err := evidence.NewLeaf(fact)
		require.NoError(t, err, metadata)
		require.Equal(t, sha("\n"+fact.Stream), leaf.Stream.String(), metadata)
	}
	longest := recorded(1)
	longest.Revision, longest.Type = 1<<64-1, strings.Repeat("x", 206)
	leaf, err := evidence.NewLeaf(longest)
	require.NoError(t, err)
	require.Len(t, leaf.Text(), evidence.MaxLeaf)
	for _, eventType := range []string{"", "a\nb", "a\x00", "\xff", strings.Repeat("x", 207)} {
		fact := recorded(1)
		fact.Type = eventType
		_, err := evidence.NewLeaf(fact)
		require.ErrorIs(t, err, evidence.ErrLeaf, eventType)
	}
}

func TestParseLeaf_refusesOtherTexts(t *testing.T) {
	t.Parallel()
	good := string(leafOf(t, 1))
	for name, text := range map[string]string{
		"empty": "", "no end": strings.TrimSuffix(good, "\n"), "one more line": good + "\n",
		"another version": strings.Replace(good, "v1", "v2", 1),
		"capital digits":  strings.ToUpper(good), "id in another form": strings.Replace(good, "-", "", 1),
		"a revision with a sign": strings.Replace(good, "\n1\n", "\n+1\n", 1), "a leading zero": strings.Replace(good, "\n1\n", "\n01\n", 1),
		"a short time": strings.Replace(good, ".123456Z", ".12345Z", 1), "another zone": strings.Replace(good, ".123456Z", ".123456+00:00", 1),
		"a short digest": good[:len(good)-3] + "\n", "CR": strings.ReplaceAll(good, "\n", "\r\n"),
		"too long": good + strings.Repeat("x", evidence.MaxLeaf),
	} {
		_, err := evidence.ParseLeaf([]byte(text))
		require.ErrorIs(t, err, evidence.ErrLeaf, name)
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(leafOf(f, 1))
	f.Add([]byte("nonassociations leaf v1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		leaf, err := evidence.ParseLeaf(text)
		if err != nil {
			require.ErrorIs(t, err, evidence.ErrLeaf)
			return
		}
		require.Equal(t, string(text), string(leaf.Text()), "a leaf has one text")
	})
}

// TestCommandID_isTheFirstAtTheTop, wherever it stands and however it is written.
func TestCommandID_isTheFirstAtTheTop(t *testing.T) {
	t.Parallel()
	for metadata, want := range map[string]string{
		`{"commandId":"a"}`: "a", `{ "commandId" : "a" }`: "a", `{"x":{"commandId":"b"},"commandId":"a"}`: "a", `{"commandId":"\u0061"}`: "a",
		`{"commandId":"a","commandId":"b"}`: "a", `{"commandId":"ä"}`: "ä", `{"commandId":"a",broken`: "a", `{"commandID":"a"}`: "", `["commandId"]`: "",
		`{"commandId":"a`: "", `{"commandId":null}`: "", `{"x":1`: "", `{"x"`: "", `"commandId"`: "",
	} {
		require.Equal(t, want, evidence.CommandID([]byte(metadata)), metadata)
	}
}

// FuzzCommandID_isThatOfEncodingJSON, in whatever metadata is JSON without a name that stands
// twice.
func FuzzCommandID_isThatOfEncodingJSON(f *testing.F) {
	for _, metadata := range []string{
		`{"commandId":"a","x":1}`, `{"x":[{"commandId":"b"}],"commandId":"a"}`, `{"commandId":"\u0061\""}`, `{"commandId":"ä"}`, `{"commandId":{}}`,
		`{"commandId":"a` + "\x7f" + `"}`, ` {"commandId":""}`, `["commandId","a"]`,
	} {
		f.Add([]byte(metadata))
	}
	f.Fuzz(func(t *testing.T, metadata []byte) {
		var members map[string]any
		if !jsontext.Value(metadata).IsValid() || json.Unmarshal(metadata, &members) != nil {
			return // of another form nothing is promised
		}
		want, _ := members["commandId"].(string)
		require.Equal(t, want, evidence.CommandID(metadata))
	})
}

// TestLeaf_ofLongValues: what is too long for the memory that short ones use is hashed alike.
func TestLeaf_ofLongValues(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, evidence.MaxLeaf - 1, evidence.MaxLeaf, evidence.MaxLeaf + 1, 2010, 2011, 2012, 5000} {
		text := strings.Repeat("x", length)
		require.Equal(t, tlog.RecordHash([]byte(text)), evidence.LeafHash([]byte(text)), length)
		require.Equal(t, sha("command\n"+text), evidence.StreamDigest("command", text).String(), length)
		require.Equal(t, sha("command\n"+text), evidence.DataDigest("command", []byte(text)).String(), length)
	}
}

func BenchmarkLeaf(b *testing.B) {
	fact := recorded(1)
	fact.Metadata = []byte(string(fact.Metadata[:len(fact.Metadata)-1]) + `,"command":{"comments":"` + strings.Repeat("x", 800) + `"}}`)
	var tree evidence.Tree
	for b.Loop() {
		leaf, err := evidence.NewLeaf(fact)
		if err != nil {
			b.Fatal(err)
		}
		tree.Add(evidence.LeafHash(leaf.Text()))
	}
}
