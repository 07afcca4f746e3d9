package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Options of a client; BaseURL must be set. A read of a removed prisoner number follows
// the redirect to the number that survives, which the answer then has. With an HTTP
// client that follows no redirects it is an [Error] with status 301.
type Options struct {
	BaseURL string                                    // address of the service, without a path
	Token   func(ctx context.Context) (string, error) // returns a bearer token for each request; nil: none is sent
	HTTP    *http.Client                              // nil: a client without time-outs
}

// Client calls one service. It is safe for concurrent use.
type Client struct {
	base  string
	token func(ctx context.Context) (string, error)
	http  *http.Client
}

// New returns a client. It does not connect.
func New(options Options) *Client {
	c := &Client{base: strings.TrimRight(options.BaseURL, "/"), token: options.Token, http: options.HTTP}
	if c.http == nil {
		c.http = &http.Client{}
	}
	return c
}

// StaticToken returns a Token for Options that always gives the same token.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// Response is an answer with its headers.
type Response[T any] struct {
	Body        T
	Status      int
	ETag        string
	Position    uint64 // that the answer reflects, or that the write has: a read with AtLeast shows it
	NotModified bool   // the held answer is still valid, and Body is empty
	LogID       string // the log of a feed, for LogID of the next one
	Next        string // the next page, for [Client.Follow]; "" after the last
}

// Empty is the body of an answer without one.
type Empty struct{}

// Read are the options of every read.
type Read struct {
	AtLeast     uint64 // wait, at most 2 s, until the answer reflects this position
	IfNoneMatch string // the ETag of an answer that the caller holds
}

// Write are the options of every staff write.
type Write struct {
	IdempotencyKey string // repeats with the same key happen once
	IfMatch        string // the ETag that the caller saw
	CorrelationID  string // a UUID of the work that this belongs to
}

// request is one call before it is sent.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         any // nil: none
}

// set adds the parameters and headers of a read.
func (r Read) set(query url.Values) (url.Values, http.Header) {
	if r.AtLeast > 0 {
		query.Set("atLeast", strconv.FormatUint(r.AtLeast, 10))
	}
	return query, headers("If-None-Match", r.IfNoneMatch)
}

// headers returns the headers of a write; absent values send none.
func (w Write) headers() http.Header {
	return headers("Idempotency-Key", w.IdempotencyKey, "If-Match", w.IfMatch, "X-Correlation-Id", w.CorrelationID)
}

// headers builds headers of names and values. Empty values are left out.
func headers(pairs ...string) http.Header {
	header := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		if name, value := pair[0], pair[1]; value != "" {
			header.Set(name, value)
		}
	}
	return header
}

// queryOf returns a path with its parameter replaced, escaped.
func queryOf(template, text string) string {
	before, after, _ := strings.Cut(template, "{}")
	return before + url.PathEscape(text) + after
}

// longest bounds an answer, in bytes.
const longest = 64 << 20

// send makes one call and decodes its answer. A status of 400 or above is an
// [*Error].
func send[T any](ctx context.Context, c *Client, r request) (Response[T], error) {
	response, err := c.do(ctx, r)
	if err != nil {
		return Response[T]{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	got := responseOf[T](response)
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if err != nil {
		return got, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices && !got.NotModified {
		return got, errorOf(response, text)
	}
	if len(text) == 0 {
		return got, nil
	}
	if err := json.Unmarshal(text, &got.Body); err != nil {
		return got, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	return got, nil
}

// responseOf reads the headers of an answer.
func responseOf[T any](response *http.Response) Response[T] {
	position, _ := strconv.ParseUint(response.Header.Get("X-Position"), 10, 64) // 0 where there is none
	return Response[T]{
		Status: response.StatusCode, ETag: response.Header.Get("ETag"), Next: next(response.Header),
		LogID: response.Header.Get("X-Log-Id"), Position: position, NotModified: response.StatusCode == http.StatusNotModified,
	}
}

// do sends a request with its token. It follows no redirect: a 301 has a meaning of
// its own here.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var content io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	asked, err := http.NewRequestWithContext(ctx, r.method, address, content)
	if err != nil {
		return nil, err
	}
	if r.header != nil {
		asked.Header = r.header
	}
	if r.body != nil {
		asked.Header.Set("Content-Type", "application/json")
	}
	if c.token != nil {
		token, err := c.token(ctx)
		if err != nil {
			return nil, fmt.Errorf("get a token: %w", err)
		}
		asked.Header.Set("Authorization", "Bearer "+token)
	}
	return c.http.Do(asked)
}

// next returns the path and query that the Link header names.
func next(header http.Header) string {
	link, is := strings.CutSuffix(header.Get("Link"), `>; rel="next"`)
	if !is {
		return ""
	}
	return strings.TrimPrefix(link, "<")
}
