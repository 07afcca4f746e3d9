package govuk

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// PageText returns what a page says, a line for each block and for each row of a table. What is
// no page, such as a file, is returned as it is.
func PageText(page []byte) string {
	if !bytes.Contains(page, []byte("<html")) {
		return strings.TrimRight(string(page), "\r\n")
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return string(page)
	}
	var out strings.Builder
	writeText(&out, root)
	var lines []string
	for line := range strings.Lines(out.String()) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// writeText writes the texts below a node.
func writeText(out *strings.Builder, n *html.Node) {
	switch n.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Template, atom.Svg:
		return
	default:
	}
	if n.Type == html.TextNode {
		out.WriteString(strings.ReplaceAll(n.Data, "\n", " "))
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		writeText(out, child)
	}
	switch n.DataAtom {
	case atom.Td, atom.Th, atom.Span, atom.A, atom.Strong, atom.Dt:
		out.WriteString(" ")
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.Li, atom.Tr, atom.Dd, atom.Caption, atom.Br, atom.Header, atom.Footer, atom.Nav, atom.Main:
		if n.Parent != nil && n.Parent.DataAtom != atom.Td && n.Parent.DataAtom != atom.Th {
			out.WriteString("\n")
		} else {
			out.WriteString(" ")
		}
	default:
	}
}
