package screens_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// unspoken are roles of the accessibility tree that a screen reader does not name.
var unspoken = []string{"RootWebArea", "generic", "none", "paragraph", "LineBreak", "InlineTextBox", "ListMarker", "LayoutTable", "rowgroup", "row", "Legend", "LabelText", "list", "listitem", "DescriptionList", "DescriptionListTerm", "DescriptionListDetail", "term", "definition", "strong", "emphasis", "time", "deletion", "Caption"}

// named are roles whose names have the words below them.
var named = []string{"link", "button", "heading", "radio", "DisclosureTriangle", "textbox"}

// speaks compares what a screen reader says of the page, line by line: the role, the name,
// the state and the description of everything in the tree that the browser makes for it.
func (b *tab) speaks(name string) {
	b.t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", "spoken", name+".txt"))
	require.NoError(b.t, err)
	require.Equal(b.t, strings.TrimSpace(string(want)), strings.Join(b.spoken(), "\n"), "what is said of %s", name)
}

// spoken returns the lines of the accessibility tree from the heading of the page, or from
// what stands above it, to its end. Header and footer are the same on every page.
func (b *tab) spoken() []string {
	b.t.Helper()
	tree, err := chromedp.Call(b.page.Context, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(b.t, err)
	nodes := map[accessibility.NodeID]*accessibility.Node{}
	for _, node := range tree.Nodes {
		nodes[node.NodeID] = node
	}
	var lines []string
	last := ""
	var walk func(node *accessibility.Node)
	walk = func(node *accessibility.Node) {
		role, name := axText(node.Role), axText(node.Name)
		if role == "banner" || role == "navigation" && name == "Breadcrumb" || role == "contentinfo" {
			return
		}
		if !node.Ignored && !slices.Contains(unspoken, role) && (role != "StaticText" || name != "" && name != last) {
			last = name
			lines = append(lines, strings.TrimSpace(strings.Join(append([]string{role, name}, axStates(node)...), " ")))
			if slices.Contains(named, role) {
				return // its name has the words below it
			}
		}
		for _, child := range node.ChildIDs {
			if nodes[child] != nil {
				walk(nodes[child])
			}
		}
	}
	walk(tree.Nodes[0])
	return lines
}

// axStates are the states of a node that are spoken.
func axStates(node *accessibility.Node) []string {
	var all []string
	for _, property := range node.Properties {
		text := axText(property.Value)
		switch string(property.Name) {
		case "level", "checked", "expanded", "invalid", "live":
			if text != "" && text != "false" && text != "off" {
				all = append(all, fmt.Sprintf("(%s %s)", property.Name, text))
			}
		case "focused":
			all = append(all, "(focused)")
		}
	}
	if text := axText(node.Description); text != "" {
		all = append(all, "– "+text)
	}
	return all
}

// anyID is an id, which is another one each time.
var anyID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// axText returns a value of the tree as text, with single blanks.
func axText(value *accessibility.Value) string {
	if value == nil || len(value.Value) == 0 {
		return ""
	}
	var text any
	if json.Unmarshal(value.Value, &text) != nil {
		return ""
	}
	return anyID.ReplaceAllString(strings.Join(strings.Fields(fmt.Sprint(text)), " "), "{id}")
}

// staysSignedIn waits in the browser's own time until the session is about to end, and goes
// on with it.
func staysSignedIn(b *tab) {
	b.enter("OFFICER_A")
	b.to("/help")
	require.Empty(b.t, b.read("#signing-out:not([hidden])"))
	b.elapse(56 * time.Minute)
	b.do(chromedp.WaitVisible(chromedp.CSS("#signing-out")))
	require.Contains(b.t, b.read("#signing-out:not([hidden])"), "You will be signed out in 4 minutes.")
	b.pass(56 * time.Minute)
	b.speaks("signing-out")
	require.Empty(b.t, b.page.Axe(b.t))
	b.do(chromedp.Click(chromedp.CSS("#signing-out button")))
	_, err := chromedp.Run(b.page.Context, chromedp.Poll[bool](`document.getElementById('signing-out').hidden`))
	require.NoError(b.t, err)
	b.pass(10 * time.Minute)
	require.Equal(b.t, 200, b.to(ofAdam))
	require.Equal(b.t, ofAdam, b.path(), "the session is not over")
}

// elapse lets time pass in the page, whose scripts look at the clock every second.
func (b *tab) elapse(d time.Duration) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const now = Date.now.bind(Date)
		Date.now = () => now() + %d
	})()`, d.Milliseconds())))
}
