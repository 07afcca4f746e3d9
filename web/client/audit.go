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

// FeedParams are the parameters of the feed.
type FeedParams struct {
	From   uint64 // the feed begins after this position; 0 is everything
	Follow bool   // continue with new facts
	LogID  string // the log that From belongs to: for another log the answer is an [Error] with status 409; "" accepts any
}

// SubjectParams are the parameters of a subject access request. Days are such as
// 2023-06-07, both included.
type SubjectParams struct {
	Read

	PrisonerNumber   string
	CaseReference    string // of probation; no subject here has one
	FromDate, ToDate string
}

// History returns the facts of one non-association, for a UUID, or of a prisoner's, for
// a prisoner number. The oldest comes first.
func (c *Client) History(ctx context.Context, of string, ask Read) (Response[History], error) {
	query, header := ask.set(url.Values{})
	return send[History](ctx, c, request{method: http.MethodGet, path: queryOf(reference+"/history", of), query: query, header: header})
}

// NonAssociationProof returns the proofs of all facts of a non-association, of a deleted
// one too. While no signed head covers one of them the error is Temporary.
func (c *Client) NonAssociationProof(ctx context.Context, id string) (Response[RecordProof], error) {
	return send[RecordProof](ctx, c, request{method: http.MethodGet, path: queryOf(reference+"/proof", id)})
}

// SubjectAccess returns what is held about a person. The status is 204 when nothing is
// held in these days, and 209 when the number is not known.
func (c *Client) SubjectAccess(ctx context.Context, ask SubjectParams) (Response[SubjectAccess], error) {
	query, header := ask.set(url.Values{})
	set(query, "prn", ask.PrisonerNumber)
	set(query, "crn", ask.CaseReference)
	set(query, "fromDate", ask.FromDate)
	set(query, "toDate", ask.ToDate)
	return send[SubjectAccess](ctx, c, request{method: http.MethodGet, path: "/subject-access-request", query: query, header: header})
}

// Feed returns the log, a fact a line, for one loop. The loop must be run to its end or
// be left, which returns the connection. An error ends it: ask again from the position
// of the last line, with the LogID of the answer. A feed that follows ends without an
// error when the service shuts down or the token has ended: ask again likewise.
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
