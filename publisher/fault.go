package publisher

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"nonassociations/eventstore/consumer/status"
)

// Refusal says that SNS calls a message invalid: the same again is in vain. It has
// none of SNS's words, which quote the message.
type Refusal struct {
	Code string
	Part Part
}

// Error is the code and, where it is known, the place.
func (r *Refusal) Error() string {
	if r.Part == "" {
		return r.Code
	}
	return r.Code + " at " + string(r.Part)
}

// Kind is consumer's.
func (*Refusal) Kind() status.Kind { return status.MessageRefused }

// Part is what of a message SNS calls invalid.
type Part string

// The places; "" is one that SNS does not name in a way that is known.
const (
	atAttributes Part = "attributes"
	atSize       Part = "size"
	atGroup      Part = "group"
	atBody       Part = "body"
)

// partOf finds the place in SNS's words.
func partOf(code, message string) Part {
	words := letters(code + " " + message)
	for _, known := range []struct {
		word string
		at   Part
	}{
		{"attribute", atAttributes}, {"toolong", atSize}, {"size", atSize}, {"group", atGroup},
		{"deduplication", atGroup}, {"message", atBody},
	} {
		if strings.Contains(words, known.word) {
			return known.at
		}
	}
	return ""
}

// fault is what SNS answered, without its words.
type fault struct {
	code string
	kind status.Kind
}

func (f fault) Error() string { return "SNS: " + f.code }

// Kind is consumer's.
func (f fault) Kind() status.Kind { return f.kind }

// codeOf is all of a fault that is kept or logged: the code of SNS, or the kind
// where it gave none.
func codeOf(err error) string {
	var (
		refused  *Refusal
		answered fault
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &answered):
		return answered.code
	}
	return string(status.KindOf(err))
}

// plain is a code of letters, digits, dots and hyphens, as all of SNS's are; a
// text in its place could say anything.
func plain(code string) string {
	const most = 64
	if code == "" || len(code) > most || strings.ContainsFunc(code, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '_'
	}) {
		return "UnreadableCode"
	}
	return code
}

// topicFault is a fault that no message is to blame for: the topic is missing,
// this service may not publish to it, or it is told too much at once.
type topicFault struct{ error }

func (f topicFault) Unwrap() error { return f.error }

func isOfTopic(fault error) bool {
	var of topicFault
	return errors.As(fault, &of)
}

// The codes that are known, in small letters and without "exception" at their
// end: SNS writes some in two ways. Every other one is a fault that may pass.
var (
	// invalid are those with which SNS refuses what a message says.
	invalid = setOf("invalidparameter", "invalidparametervalue", "parametervalueinvalid", "validationerror", "validation",
		"invalidmessagecontents", "invalidattributename", "invalidattributevalue", "batchrequesttoolong", "invalidbatchentryid")
	// ofTopic are those that name the topic, or a right to it or to its key.
	ofTopic = setOf("notfound", "resourcenotfound", "authorizationerror", "accessdenied", "notauthorized", "invalidclienttokenid",
		"unrecognizedclient", "signaturedoesnotmatch", "incompletesignature", "missingauthenticationtoken", "expiredtoken",
		"requestexpired", "optinrequired", "invalidsecurity", "endpointdisabled", "toomanyrequests", "requestlimitexceeded", "slowdown")
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

// faultOf is what a code of SNS means: a *Refusal, a topicFault or another one.
func faultOf(code, message string) error { return isJudged(code, message) }

// codedError is how the client says what SNS answered.
type codedError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// faultOfCall is the same for a call that came to nothing. Where SNS has not
// answered there is no code.
func faultOfCall(err error) error {
	var answer codedError
	if !errors.As(err, &answer) {
		return fmt.Errorf("SNS: %w", err)
	}
	return isJudged(answer.ErrorCode(), answer.ErrorMessage())
}

func isJudged(code, message string) error {
	word := strings.TrimSuffix(strings.ToLower(code), "exception")
	switch {
	case ofTopic[word], strings.Contains(word, "throttl"), strings.HasPrefix(word, "kms"), invalid[word] && namesTopic(message):
		return topicFault{fault{plain(code), kindOf(word)}}
	case invalid[word]:
		return &Refusal{plain(code), partOf(code, message)}
	}
	return fault{plain(code), status.NetworkAway}
}

// kindOf is what a word of SNS's says of the topic.
func kindOf(word string) status.Kind {
	switch {
	case word == "notfound", word == "resourcenotfound", invalid[word]:
		return status.TopicMissing
	case strings.Contains(word, "throttl"), word == "toomanyrequests", word == "requestlimitexceeded", word == "slowdown":
		return status.TopicThrottled
	}
	return status.TopicDenied
}

// namesTopic finds the one parameter that is the operator's and not the
// message's, in whatever way it is written.
func namesTopic(message string) bool {
	words := letters(message)
	return strings.Contains(words, "topicarn") || strings.Contains(words, "targetarn")
}

// letters are those of a text, small and without what is between them.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
