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

const mediaLines = "application/x-ndjson"

// errHeaders ends a feed of which only the headers are wanted.
var errHeaders = errors.New("only the headers are wanted")

// ndjsonWriter writes an answer that grows by whole lines. The reader sets the pace:
// a write waits until it is taken.
type ndjsonWriter struct {
	to      stallWriter
	header  http.Header
	heads   bool // only the headers are wanted
	begun   bool
	live    bool // each line is flushed
	buffer  *bufio.Writer
	zip     *gzip.Writer // nil when the reader does not want it
	content io.Writer    // one of the two above
}

func newNDJSONWriter(w http.ResponseWriter, r *http.Request, stall time.Duration) *ndjsonWriter {
	to := stallWriter{w, http.NewResponseController(w), stall}
	l := &ndjsonWriter{to: to, header: w.Header(), heads: r.Method == http.MethodHead, buffer: bufio.NewWriterSize(to, 32<<10)}
	l.content = l.buffer
	if takesGzip(r.Header) {
		l.zip, _ = gzip.NewWriterLevel(l.buffer, gzip.BestSpeed) // the level is a known one
		l.content = l.zip
	}
	return l
}

// begin sends status and headers, so that the reader knows at once that there
// will be lines, and lifts the times of one request: those of a feed are its
// reader's.
func (l *ndjsonWriter) begin(head uint64) error {
	if err := l.to.lift(); err != nil {
		return err
	}
	h := l.header
	h["Content-Type"] = []string{mediaLines}
	h["X-Position"] = []string{formatPosition(head)}
	h["Vary"] = []string{"Accept-Encoding"}
	h["X-Accel-Buffering"] = []string{"no"} // a proxy would keep lines back until it has many
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

// line writes one JSON value, with no control character raw, and its line feed.
func (l *ndjsonWriter) line(value []byte) error {
	if _, err := l.content.Write(append(domain.Escaped(value), '\n')); err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	if l.live {
		return l.flush()
	}
	return nil
}

// caughtUp sends everything there is; when more is to follow, each line from
// now on goes out alone.
func (l *ndjsonWriter) caughtUp(follows bool) error {
	l.live = follows
	return l.flush()
}

// flush sends all lines so far, in a way that they can be read.
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

// end says that nothing more will come.
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

// cut lets no write wait any longer.
func (l *ndjsonWriter) cut() { l.to.cut() }

// stallWriter is the reader's end of the connection. A reader may be as slow as it
// likes, but has to take something within the time of a stall.
type stallWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

// Write is [io.Writer]'s.
func (t stallWriter) Write(b []byte) (int, error) {
	defer time.AfterFunc(t.stall, t.cut).Stop()
	return t.w.Write(b)
}

func (t stallWriter) flush() error {
	defer time.AfterFunc(t.stall, t.cut).Stop()
	if err := t.control.Flush(); err != nil {
		return fmt.Errorf("flush lines: %w", err)
	}
	return nil
}

// lift takes the server's limits off. That of reading is one too: the server
// would take it for a reader who has left.
func (t stallWriter) lift() error {
	err := errors.Join(t.control.SetReadDeadline(time.Time{}), t.control.SetWriteDeadline(time.Time{}))
	if err != nil && !errors.Is(err, errors.ErrUnsupported) { // what has no limits needs none lifted
		return fmt.Errorf("lift the limits of a feed: %w", err)
	}
	return nil
}

// cut makes the write under way, and all later ones, fail.
func (t stallWriter) cut() { _ = t.control.SetWriteDeadline(time.Unix(1, 0)) } // a connection that is gone needs none

// takesGzip tells whether the reader wants an answer packed.
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

// isZero tells whether a weight, such as q=0.0, says "not this".
func isZero(weight string) bool {
	value, is := strings.CutPrefix(strings.ToLower(strings.TrimSpace(weight)), "q=")
	return is && strings.Trim(value, "0.") == ""
}
