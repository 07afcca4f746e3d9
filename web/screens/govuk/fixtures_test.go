package govuk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"nonassociations/web/screens/govuk"
)

// fixture is one of the vendor's examples: options and the markup that they give.
type fixture struct {
	Name    string
	Options json.RawMessage
	HTML    string
}

// whyNot says for each option of the vendor that no component here has, why not.
var whyNot = map[string]string{
	"attributes":               "an attribute without a type could be anything",
	"autocomplete":             "no field of several lines needs it",
	"card":                     "no page has a summary card",
	"charactersUnderLimitText": "this text is fixed",
	"checked":                  "a choice is checked by the value of its group",
	"classes":                  "a class is chosen by a typed field, where a page needs one",
	"collapseOnMobile":         "the trail is short",
	"conditional":              "no choice opens a further field",
	"countMessage":             "every counter looks the same",
	"countType":                "the server counts UTF-16 units",
	"describedBy":              "what describes a field is its hint and its error",
	"descriptionHtml":          "the summary has its list alone",
	"descriptionText":          "the summary has its list alone",
	"disableAutoFocus":         "every summary and banner takes the focus",
	"disabled":                 "what a user may not press is not there",
	"divider":                  "no group is divided",
	"falsy":                    "a list in Go has no holes",
	"fieldset":                 "a fieldset has a legend",
	"formGroup":                "every field stands alone",
	"html":                     "this text is never markup",
	"iconFallbackText":         "this text is fixed",
	"inputWrapper":             "nothing stands beside a field",
	"isStartButton":            "no page is a start page",
	"items":                    "actions are a list of links",
	"label":                    "a label of a choice has no options",
	"labelText":                "the texts of a pagination are fixed",
	"maxlength":                "a counter has a limit",
	"maxwords":                 "the server counts UTF-16 units",
	"name":                     "the choices of a group have one name",
	"prefix":                   "nothing stands beside a field",
	"preventDoubleClick":       "false is left out",
	"role":                     "a banner of success is an alert",
	"rowspan":                  "no table of ours joins cells",
	"spellcheck":               "true is the browser's own choice",
	"suffix":                   "nothing stands beside a field",
	"summaryHtml":              "a summary is text",
	"text":                     "this text is fixed",
	"textareaDescriptionText":  "this text is fixed",
	"threshold":                "the counter is always shown",
	"titleHeadingLevel":        "a banner stands right below the h1's level",
	"titleHtml":                "the title is fixed",
	"titleId":                  "the id of the title is that of the banner with -title",
	"titleText":                "the title is fixed",
	"type":                     "a button sends its form, a banner says that something succeeded",
	"visuallyHiddenText":       "this text is fixed",
}

// TestComponents_areTheVendors compares every example of the vendor that can be said in
// the fields of a component. Those that cannot are listed in testdata/left.txt with the
// option that is missing, so that none is left out by accident.
func TestComponents_areTheVendors(t *testing.T) {
	listed, unused := left(t), slices.Collect(maps.Keys(whyNot))
	for name, convert := range converters {
		text, err := os.ReadFile(filepath.Join("testdata", "fixtures", name+".json"))
		require.NoError(t, err)
		var file struct{ Fixtures []fixture }
		require.NoError(t, json.Unmarshal(text, &file))
		compared := 0
		for _, f := range file.Fixtures {
			key := name + ": " + f.Name
			component, missing := convert(f.Options)
			if missing != "" {
				require.Equal(t, listed[key], missing, "%s is left out: is that in left.txt?", key)
				require.NotEmpty(t, whyNot[missing], "%s: why is there no %s?", key, missing)
				unused = slices.DeleteFunc(unused, func(option string) bool { return option == missing })
				delete(listed, key)
				continue
			}
			require.Empty(t, listed[key], "%s is compared: take it out of left.txt", key)
			drawn, err := govuk.HTML(component)
			require.NoError(t, err, key)
			assert.Equal(t, normal(t, f.HTML), normal(t, string(drawn)), key)
			compared++
		}
		require.Positive(t, compared, name)
		t.Logf("%s: %d of %d", name, compared, len(file.Fixtures))
	}
	require.Empty(t, listed, "left.txt names examples that do not exist")
	require.Empty(t, unused, "options that no example asks for")
	files, err := filepath.Glob("testdata/fixtures/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(converters), "every vendored file is used")
}

// left returns the option that is missing for each example that is left out.
func left(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/left.txt")
	require.NoError(t, err)
	listed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		option, example, ok := strings.Cut(strings.TrimSpace(line), "\t")
		require.True(t, ok, line)
		listed[example] = option
	}
	return listed
}

// TestNormal_tellsWhatDiffers: the comparison itself can fail.
func TestNormal_tellsWhatDiffers(t *testing.T) {
	same := `<p class="b  a">x <a href="/">y</a></p>`
	require.Equal(t, normal(t, same), normal(t, "\n<p class='a b'>\n x\n <a href='/'>y</a>  </p>"))
	for _, other := range []string{
		`<p class="b a">x<a href="/">y</a></p>`, `<p>x <a href="/">y</a></p>`,
		`<p class="b a">x <a href="/z">y</a></p>`, `<div class="b a">x <a href="/">y</a></div>`, `<p class="b a">x <a href="/">y</a></p><p></p>`,
	} {
		require.NotEqual(t, normal(t, same), normal(t, other))
	}
}

var (
	blanks = regexp.MustCompile(`\s+`)
	inline = []string{"a", "span", "strong", "svg", "br"}
)

// normal writes markup in one form: attributes in order, white space as a browser shows
// it.
func normal(t *testing.T, markup string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(markup), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	require.NoError(t, err)
	body := &html.Node{Type: html.ElementNode, Data: "body"}
	for _, node := range nodes {
		body.AppendChild(node)
	}
	var out bytes.Buffer
	write(&out, body, "")
	return out.String()
}

func write(out *bytes.Buffer, n *html.Node, indent string) {
	switch {
	case n.Type == html.TextNode:
		if text := shown(n); text != "" {
			fmt.Fprintf(out, "%s%q\n", indent, text)
		}
		return
	case n.Type != html.ElementNode:
		return
	}
	attributes := make([]string, 0, len(n.Attr))
	for _, a := range n.Attr {
		words := strings.Fields(a.Val)
		if a.Key == "class" {
			slices.Sort(words)
		}
		attributes = append(attributes, fmt.Sprintf("%s=%q", a.Key, strings.Join(words, " ")))
	}
	slices.Sort(attributes)
	fmt.Fprintf(out, "%s<%s %s>\n", indent, n.Data, strings.Join(attributes, " "))
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		write(out, child, indent+"  ")
	}
}

// shown returns a text as a browser shows it. White space counts only between what
// stands in one line.
func shown(n *html.Node) string {
	if n.Parent.Data == "textarea" {
		return n.Data
	}
	text := blanks.ReplaceAllString(n.Data, " ")
	if !inLine(n.PrevSibling) {
		text = strings.TrimPrefix(text, " ")
	}
	if !inLine(n.NextSibling) {
		text = strings.TrimSuffix(text, " ")
	}
	return text
}

func inLine(n *html.Node) bool {
	return n != nil && (n.Type == html.TextNode || slices.Contains(inline, n.Data))
}
