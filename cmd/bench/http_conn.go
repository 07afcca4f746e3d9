package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// httpConn is one connection with a minimal HTTP/1.1 client. The load shares two cores
// with the service that it measures, and net/http would take more CPU time than some
// baselines. It understands the service's and the bare handler's responses and no
// others: no redirect, no trailer, no 1xx. It is not safe for concurrent use.
type httpConn struct {
	conn net.Conn
	in   *bufio.Reader
}

// httpResponse is the part of a response that a measurement needs.
type httpResponse struct {
	status   int
	position uint64 // X-Position
}

// responseTimeout bounds one request; a service that hangs then fails the run.
const responseTimeout = 15 * time.Second

// dial opens a connection, which the caller closes. The buffer holds a whole list, so
// that a response usually takes one read.
func dial(ctx context.Context, address string) (*httpConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &httpConn{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// close drops the connection without an orderly end: no response is outstanding.
func (w *httpConn) close() { _ = w.conn.Close() }

// do sends a complete request and reads the whole response. After an error the
// connection is unusable, since the rest of a response may still arrive. Any status is
// a result and no error.
func (w *httpConn) do(request []byte) (httpResponse, error) {
	if err := w.conn.SetDeadline(time.Now().Add(responseTimeout)); err != nil {
		return httpResponse{}, err
	}
	if _, err := w.conn.Write(request); err != nil {
		return httpResponse{}, err
	}
	return w.read()
}

var (
	// Headers are compared in the letter case of Go's net/http, which both servers use.
	lengthHeader   = []byte("Content-Length: ")
	positionHeader = []byte("X-Position: ")
	chunkedHeader  = []byte("Transfer-Encoding: chunked")
	errNotHTTP     = errors.New("the answer is not HTTP/1.1")
)

// read reads one response: status, position and the end of the body.
func (w *httpConn) read() (httpResponse, error) {
	line, err := w.line()
	if err != nil {
		return httpResponse{}, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return httpResponse{}, errNotHTTP
	}
	var r httpResponse
	if r.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return httpResponse{}, errNotHTTP
	}
	length, chunked := 0, false
	for {
		if line, err = w.line(); err != nil {
			return httpResponse{}, err
		}
		if len(line) == 0 {
			break
		}
		if value, is := bytes.CutPrefix(line, lengthHeader); is {
			length, err = strconv.Atoi(string(value))
		} else if value, is := bytes.CutPrefix(line, positionHeader); is {
			r.position, err = strconv.ParseUint(string(value), 10, 64)
		} else if bytes.Equal(line, chunkedHeader) {
			chunked = true
		}
		if err != nil {
			return httpResponse{}, errNotHTTP
		}
	}
	if chunked {
		return r, w.chunks()
	}
	_, err = w.in.Discard(length)
	return r, err
}

// line reads a header line without its end. The slice is valid until the next read.
func (w *httpConn) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// chunks reads a chunked body to its end and discards it. Two bytes follow each chunk.
func (w *httpConn) chunks() error {
	for {
		line, err := w.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return errNotHTTP
		}
		if _, err := io.CopyN(io.Discard, w.in, size+2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

// request is a complete HTTP request with places that are overwritten for each use.
// Nothing is allocated or encoded while a round is measured. A request belongs to one
// connection; clone makes one for another.
type request struct {
	bytes        []byte
	placeholders []int // where a prisoner number stands
}

// placeholder stands for a prisoner number in a template; it has the same length.
const placeholder = "?000000"

// newRequest builds a request and finds the placeholders in it. Content-Length stays
// right when they are filled, because a prisoner number has the length of the
// placeholder.
func newRequest(method, path, token string, body []byte) request {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\n", method, path)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if method != http.MethodGet {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	r := request{bytes: b.Bytes()}
	for from := 0; ; {
		i := bytes.Index(r.bytes[from:], []byte(placeholder))
		if i < 0 {
			return r
		}
		r.placeholders = append(r.placeholders, from+i)
		from += i + len(placeholder)
	}
}

// clone returns a copy for another connection. The offsets are shared: they never
// change.
func (r request) clone() request {
	return request{bytes: bytes.Clone(r.bytes), placeholders: r.placeholders}
}

// fill writes a prisoner number over the i-th placeholder.
func (r request) fill(i int, number string) { copy(r.bytes[r.placeholders[i]:], number) }
