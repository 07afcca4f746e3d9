package npa

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The wording of the API by which its answers are told apart.
var (
	prisonerUnknown = regexp.MustCompile(`Offender with nomsId`)
	notFound        = regexp.MustCompile(`(?i)non-?association.* not found`)
	alreadyExists   = regexp.MustCompile(`(?i)already exists`)
	mirrorsDisagree = regexp.MustCompile(`(?i)sequence mismatch|differing number of details`)
	futureDay       = regexp.MustCompile(`(?i)effective date.* future`)
)

// fields are how the API names the values, by their names in the JSON of a Detail.
var fields = []struct {
	name  string
	words *regexp.Regexp
}{
	{"effectiveDate", regexp.MustCompile(`(?i)effective ?date`)},
	{"expiryDate", regexp.MustCompile(`(?i)expiry ?date`)},
	{"reasonCodes", regexp.MustCompile(`(?i)reason with code|recipReason|(field|property|parameter) ["'\[]*reason\b`)},
	{"typeCode", regexp.MustCompile(`(?i)type with code|(field|property|parameter) ["'\[]*type\b`)},
	{"authorisedBy", regexp.MustCompile(`(?i)authorised ?by`)},
	{"comment", regexp.MustCompile(`(?i)comment`)},
}

// classify returns nil for an answer that succeeded, and otherwise its failure.
func classify(a answer) error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	f := &Failure{Kind: ErrUnavailable, Status: a.status}
	f.Words, f.ours = readWords(a)
	said := withoutQuotes(f.Words)
	switch {
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		f.Kind = ErrDenied
	case !f.ours:
		f.silent = isSilence(a.status)
	case a.status == http.StatusNotFound && prisonerUnknown.MatchString(said):
		f.Kind = ErrPrisonerUnknown
	case a.status == http.StatusNotFound && notFound.MatchString(said):
		f.Kind = ErrNotFound
	case a.status == http.StatusBadRequest:
		f.Field, f.Kind = classifyBadRequest(said)
	case a.status == http.StatusInternalServerError && mirrorsDisagree.MatchString(said):
		f.Kind = ErrMirrorsDisagree
	default:
		f.silent = a.status == http.StatusServiceUnavailable
	}
	return f
}

// classifyBadRequest tells the answers of 400 apart, and names the field of ErrRefused.
func classifyBadRequest(said string) (field string, kind error) {
	switch {
	case prisonerUnknown.MatchString(said):
		return "", ErrPrisonerUnknown
	case alreadyExists.MatchString(said):
		return "", ErrAlreadyExists
	}
	for _, f := range fields {
		if f.words.MatchString(said) {
			return f.name, ErrRefused
		}
	}
	return "", ErrRefused
}

// isSilence reports whether a status without a body of the API means that something in
// front of it answered in its place.
func isSilence(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return status >= 300 && status < 400
}

// maxWords limits what is kept of NOMIS's words, in bytes.
const maxWords = 1000

// readWords returns what the body of a refusal says. ours is false unless the body has
// the API's own form: its status, and a message.
func readWords(a answer) (_ string, ours bool) {
	var body struct {
		Status      int    `json:"status"`
		UserMessage string `json:"userMessage"`
	}
	err := json.Unmarshal(a.body, &body, jsontext.AllowInvalidUTF8(true))
	if err != nil || body.Status != a.status || body.UserMessage == "" {
		return "", false
	}
	words := strings.ReplaceAll(body.UserMessage, "\x00", "") // Postgres cannot store it
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "")
	}
	return words, true
}

// withoutQuotes returns the part of NOMIS's words that is its own. A value that it quotes
// after that may be a comment, which may say anything.
func withoutQuotes(words string) string {
	own, _, _ := strings.Cut(words, "rejected value")
	return own
}

var errTooLong = errors.New("its answer is too long")
