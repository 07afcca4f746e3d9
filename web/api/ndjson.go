package api

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"nonassociations/domain"
)

// mediaLines is the content type of the feed.
const mediaLines = "application/x-ndjson"

// errHeaders ends the feed of a HEAD request after its headers.
var errHeaders = errors.New("the request asks for headers only")

// ndjsonWriter writes an answer line by line, compressed when the client accepts it.
// The client sets the pace: a write blocks until it is read. It is not safe for
// concurrent use, cut apart.
type ndjsonWriter struct {
	to      stallWriter
	header  http.Header
	heads   bool // of a HEAD request
	begun   bool // headers are sent
	live    bool // each line is flushed
	buffer  *bufio.Writer
	zip     *gzip.Writer // nil: not compressed
	content io.Writer    // buffer or zip
}

// newNDJSONWriter returns a writer that has sent nothing yet. stall is how long a
// write may wait for the client.
func newNDJSONWriter(w http.ResponseWriter, r *http.Request, stall time.Duration) *ndjsonWriter {
	to := stallWriter{w, http.NewResponseController(w), stall}
	l := &ndjsonWriter{to: to, header: w.Header(), heads: r.Method == http.MethodHead, buffer: bufio.NewWriterSize(to, 32<<10)}
	l.content = l.buffer
	if takesGzip(r.Header) {
		l.zip, _ = gzip.NewWriterLevel(l.buffer, gzip.BestSpeed) // the level is valid
		l.content = l.zip
	}
	return l
}

// begin sends status and headers before the first line, so that the client knows at
// once that the feed is open. It lifts the time-outs of a request: a feed lasts as
// long as its client reads.
func (l *ndjsonWriter) begin(head uint64) error {
	if err := l.to.lift(); err != nil {
		return err
	}
	h := l.header
	h["Content-Type"] = []string{mediaLines}
	h["X-Position"] = []string{formatPosition(head)}
	h["Vary"] = []string{"Accept-Encoding"}
	h["X-Accel-Buffering"] = []string{"no"} // a proxy would otherwise buffer lines
	if l.zip != nil {
		h["Content-Encoding"] = []string{"gzip"}
	}
	if l.heads {
		l.to.w.WriteHeader(http.StatusOK)
		return errHeaders
	}
	l.begun = true
	l.to.w.WriteHeader(http.StatusOK)
	return l.to.flush()
}

// line writes one JSON value, its control characters escaped, and a line feed.
func (l *ndjsonWriter) line(value []byte) error {
	if _, err := l.content.Write(append(domain.Escaped(value), '\n')); err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	if l.live {
		return l.flush()
	}
	return nil
}

// caughtUp flushes what is there. While following, every further line is flushed.
func (l *ndjsonWriter) caughtUp(follows bool) error {
	l.live = follows
	return l.flush()
}

// flush sends all lines so far, decodable also when compressed.
func (l *ndjsonWriter) flush() error {
	if l.zip != nil {
		if err := l.zip.Flush(); err != nil {
			return fmt.Errorf("flush lines: %w", err)
		}
	}
	if err := l.buffer.Flush(); err != nil {
		return fmt.Errorf("flush lines: %w", err)
	}
	return l.to.flush()
}

// end writes the end of the compressed stream, if any, and flushes.
func (l *ndjsonWriter) end() error {
	if l.zip != nil {
		if err := l.zip.Close(); err != nil {
			return fmt.Errorf("end the lines: %w", err)
		}
	}
	if err := l.buffer.Flush(); err != nil {
		return fmt.Errorf("end the lines: %w", err)
	}
	return nil
}

// cut makes a blocked write, and all later ones, fail. It is safe from any goroutine.
func (l *ndjsonWriter) cut() { l.to.cut() }

// stallWriter fails a write when the client reads nothing for the stall time. A slow
// client that reads at all is never cut.
type stallWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

// Write blocks until the connection takes b, at most for the stall time.
func (t stallWriter) Write(b []byte) (int, error) {
	// A deadline per write would have to be set before each one, and it could undo the
	// deadline of cut. A timer that calls cut cannot.
	defer time.AfterFunc(t.stall, t.cut).Stop()
	return t.w.Write(b)
}

// flush sends what net/http has buffered, within the stall time.
func (t stallWriter) flush() error {
	defer time.AfterFunc(t.stall, t.cut).Stop()
	if err := t.control.Flush(); err != nil {
		return fmt.Errorf("flush lines: %w", err)
	}
	return nil
}

// lift removes the deadlines of the server. The read deadline is removed too: the server
// would take its end for a client that has left.
func (t stallWriter) lift() error {
	err := errors.Join(t.control.SetReadDeadline(time.Time{}), t.control.SetWriteDeadline(time.Time{}))
	if err != nil && !errors.Is(err, errors.ErrUnsupported) { // there is no deadline to lift
		return fmt.Errorf("lift the limits of a feed: %w", err)
	}
	return nil
}

// cut sets a write deadline in the past.
func (t stallWriter) cut() { _ = t.control.SetWriteDeadline(time.Unix(1, 0)) } // it fails only when the connection is gone

// takesGzip reports whether the client accepts gzip.
func takesGzip(header http.Header) bool {
	for _, line := range header["Accept-Encoding"] {
		for offer := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(offer, ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") && !isZero(weight) {
				return true
			}
		}
	}
	return false
}

// isZero reports whether a weight such as q=0.0 excludes a coding.
func isZero(weight string) bool {
	value, is := strings.CutPrefix(strings.ToLower(strings.TrimSpace(weight)), "q=")
	return is && strings.Trim(value, "0.") == ""
}
