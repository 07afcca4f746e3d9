package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FeedParams is what may be asked of the feed.
type FeedParams struct {
	From   uint64 // behind this position; 0 is everything
	Follow bool   // go on with what comes
	LogID  string // of the answer that From is from: another log is an [Error] with status 409; "" takes any
}

// SubjectParams is what may be asked about a person. Days are such as 2023-06-07,
// both included.
type SubjectParams struct {
	Read

	PrisonerNumber   string
	CaseReference    string // of probation, which nobody has here
	FromDate, ToDate string
}

// History is what happened to one non-association, for a UUID, or to those of a
// prisoner, the oldest first.
func (c *Client) History(ctx context.Context, of string, ask Read) (Response[History], error) {
	query, header := ask.set(url.Values{})
	return send[History](ctx, c, request{method: http.MethodGet, path: queryOf(reference+"/history", of), query: query, header: header})
}

// SubjectAccess is what is held about a person; the status is 204 when there is
// nothing in these days, and 209 when nobody knows them.
func (c *Client) SubjectAccess(ctx context.Context, ask SubjectParams) (Response[SubjectAccess], error) {
	query, header := ask.set(url.Values{})
	set(query, "prn", ask.PrisonerNumber)
	set(query, "crn", ask.CaseReference)
	set(query, "fromDate", ask.FromDate)
	set(query, "toDate", ask.ToDate)
	return send[SubjectAccess](ctx, c, request{method: http.MethodGet, path: "/subject-access-request", query: query, header: header})
}

// Feed is the whole log, a fact a line, for one loop. It must be gone through,
// or left, for its connection to be given back. An error ends it: ask again from
// the position of the last line, with the LogID of the answer. One that follows
// ends without an error when the service shuts down or the token has ended: ask
// again likewise.
func (c *Client) Feed(ctx context.Context, ask FeedParams) (Response[iter.Seq2[FeedLine, error]], error) {
	query := url.Values{
		"from": {strconv.FormatUint(ask.From, 10)}, "follow": {strconv.FormatBool(ask.Follow)},
	}
	set(query, "logId", ask.LogID)
	r := request{method: http.MethodGet, path: "/history", query: query}
	response, err := c.do(ctx, r)
	if err != nil {
		return Response[iter.Seq2[FeedLine, error]]{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	got := responseOf[iter.Seq2[FeedLine, error]](response)
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, longest))
		if err != nil {
			return got, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
		}
		return got, errorOf(response, text)
	}
	got.Body = lines(response.Body)
	return got, nil
}

// lines reads NDJSON line by line and closes the body at the end. A line that is not
// whole is an error, and never the end.
func lines(body io.ReadCloser) iter.Seq2[FeedLine, error] {
	return func(yield func(FeedLine, error) bool) {
		defer body.Close()
		for decoder := jsontext.NewDecoder(body); ; {
			var line FeedLine
			err := json.UnmarshalDecode(decoder, &line)
			if err == io.EOF { //nolint:errorlint // bare at the end of the last whole line, and only there
				return
			}
			if err != nil {
				yield(FeedLine{}, fmt.Errorf("read the feed: %w", err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}
