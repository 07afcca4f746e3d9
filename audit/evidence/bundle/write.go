package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// The names of the files in a bundle.
const (
	readmeFile     = "README.txt"
	factsFile      = "facts.ndjson"
	checkpointFile = "checkpoint"
	keysFile       = "keys.txt"
	pageFile       = "page.html"
	viewsFile      = "views.csv"
	sumsFile       = "SHA256SUMS"
)

// LeafFile returns the name of the file with the leaf of an index.
func LeafFile(index int64) string { return fmt.Sprintf("leaves/%d.txt", index) }

// ProofFile returns the name of the file with the proof of an index.
func ProofFile(index int64) string { return fmt.Sprintf("proofs/%d.tlog-proof", index) }

// named is one file of a bundle.
type named struct {
	name string
	body []byte
}

// WriteTo writes the ZIP file. Errors: those of the writer, and a fact that is no text.
func (c Contents) WriteTo(w io.Writer) (int64, error) {
	files, err := c.files()
	if err != nil {
		return 0, err
	}
	counted := &counter{to: w}
	archive := zip.NewWriter(counted)
	for _, f := range append(files, sums(files)) {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: c.MadeAt.UTC()}
		header.SetMode(0o600)
		into, err := archive.CreateHeader(header)
		if err == nil {
			_, err = into.Write(f.body)
		}
		if err != nil {
			return counted.written, fmt.Errorf("write %s of a bundle: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return counted.written, fmt.Errorf("end a bundle: %w", err)
	}
	return counted.written, nil
}

// counter counts the bytes that a writer took.
type counter struct {
	to      io.Writer
	written int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.written += int64(n)
	return n, err //nolint:wrapcheck // the caller says which file it was
}

// files returns all files but SHA256SUMS, in the order in which a reader meets them.
func (c Contents) files() ([]named, error) {
	facts, err := c.factsFile()
	if err != nil {
		return nil, err
	}
	files := []named{
		{readmeFile, []byte(c.readme())},
		{pageFile, c.Page},
		{factsFile, facts},
		{checkpointFile, []byte(c.Signed)},
		{keysFile, []byte(lines(c.Keys))},
	}
	if c.Views != nil {
		files = append(files, named{viewsFile, c.Views})
	}
	for _, f := range c.Facts {
		if f.Proof != nil {
			files = append(files,
				named{LeafFile(f.Proof.Index), f.Proof.Leaf},
				named{ProofFile(f.Proof.Index), []byte(f.Proof.Format())})
		}
	}
	return files, nil
}

// sums returns the file that sha256sum -c reads.
func sums(files []named) named {
	var out bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(f.body), f.name)
	}
	return named{sumsFile, out.Bytes()}
}

// lines ends each text by LF.
func lines(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, "\n") + "\n"
}
