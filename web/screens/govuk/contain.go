package govuk

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// ErrNoFrame says that markup is neither a header nor a footer.
var ErrNoFrame = errors.New("the markup is no header or footer")

// dropped are elements that load, run or swallow what stands after them. The estate's
// style sheets and scripts come as addresses of their own.
var dropped = []atom.Atom{
	atom.Script, atom.Style, atom.Link, atom.Meta, atom.Base, atom.Iframe, atom.Object, atom.Embed, atom.Frameset,
	atom.Plaintext, atom.Noscript, atom.Noembed, atom.Noframes, atom.Xmp, atom.Template, atom.Title, atom.Textarea, atom.Math,
}

// ours are elements that a page has once, in its content.
var ours = []atom.Atom{atom.Main, atom.H1}

// addresses are attributes that lead somewhere.
var addresses = []string{"href", "src", "action", "formaction", "xlink:href"}

// Contained returns markup of the estate's component service in a form that cannot leave
// its place: each element is closed, and nothing in it runs, loads a style or stands for
// the page itself. Error: [ErrNoFrame] for markup without any element or text, and for
// markup with a main or an h1.
func Contained(markup string) (template.HTML, error) {
	nodes, err := html.ParseFragment(strings.NewReader(markup), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return "", fmt.Errorf("read markup of the estate: %w", err)
	}
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, node := range nodes {
		root.AppendChild(node)
	}
	if err := contain(root); err != nil {
		return "", err
	}
	var out strings.Builder
	for node := range root.ChildNodes() {
		if err := html.Render(&out, node); err != nil {
			return "", fmt.Errorf("write markup of the estate: %w", err)
		}
	}
	if strings.TrimSpace(out.String()) == "" {
		return "", ErrNoFrame
	}
	return template.HTML(out.String()), nil //nolint:gosec // it was parsed, cleaned and written anew
}

// contain removes from an element what must not be in it.
func contain(element *html.Node) error {
	for node := range element.ChildNodes() {
		switch {
		case node.Type == html.TextNode:
		case node.Type != html.ElementNode || slices.Contains(dropped, node.DataAtom):
			// The iteration goes on from here, so the node stays and loses everything.
			*node = html.Node{Parent: node.Parent, PrevSibling: node.PrevSibling, NextSibling: node.NextSibling, Type: html.TextNode}
		case slices.Contains(ours, node.DataAtom):
			return ErrNoFrame
		default:
			node.Attr = slices.DeleteFunc(node.Attr, runs)
			if err := contain(node); err != nil {
				return err
			}
		}
	}
	return nil
}

// runs reports whether an attribute is code or style.
func runs(a html.Attribute) bool {
	name := strings.ToLower(a.Key)
	if a.Namespace != "" {
		name = a.Namespace + ":" + name
	}
	if strings.HasPrefix(name, "on") || name == "style" || name == "srcdoc" {
		return true
	}
	// A browser ignores white space and control characters in a scheme.
	value := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, a.Val))
	return slices.Contains(addresses, name) && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:") || strings.HasPrefix(value, "vbscript:"))
}
