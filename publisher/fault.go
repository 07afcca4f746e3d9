package publisher

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"nonassociations/eventstore/consumer/status"
)

// Refusal is the error of a message that SNS calls invalid: sending it again cannot
// succeed. It holds SNS's code and never its text, which quotes the message.
type Refusal struct {
	Code string
	Part Part
}

// Error returns the code and, where it is known, the part.
func (r *Refusal) Error() string {
	if r.Part == "" {
		return r.Code
	}
	return r.Code + " at " + string(r.Part)
}

// Kind classifies the error for consumer.status.
func (*Refusal) Kind() status.Kind { return status.MessageRefused }

// Part is the part of a message that SNS calls invalid; "" is unknown.
type Part string

// The parts that are recognised in the texts of SNS.
const (
	atAttributes Part = "attributes"
	atSize       Part = "size"
	atGroup      Part = "group"
	atBody       Part = "body"
)

// partOf finds the part in the code and text of SNS.
func partOf(code, message string) Part {
	words := letters(code + " " + message)
	for _, known := range []struct {
		word string
		at   Part
	}{
		{"attribute", atAttributes},
		{"toolong", atSize},
		{"size", atSize},
		{"group", atGroup},
		{"deduplication", atGroup},
		{"message", atBody},
	} {
		if strings.Contains(words, known.word) {
			return known.at
		}
	}
	return ""
}

// fault is an error answer of SNS, reduced to its code. Its text is dropped at
// once, since it may quote the message and so a prisoner's number.
type fault struct {
	code string
	kind status.Kind
}

func (f fault) Error() string { return "SNS: " + f.code }

// Kind classifies the fault for consumer.status.
func (f fault) Kind() status.Kind { return f.kind }

// codeOf returns all of a fault that is stored or logged: the code of SNS, or the
// kind where there is no code.
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

// plain returns a code of letters, digits, dots, hyphens and underscores unchanged,
// as all of SNS's are. Anything else could quote the message, and is replaced.
func plain(code string) string {
	const most = 64
	if code == "" || len(code) > most || strings.ContainsFunc(code, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '_'
	}) {
		return "UnreadableCode"
	}
	return code
}

// topicFault is a fault of the topic and not of a message: the topic is missing,
// this service may not publish to it, or it is throttled.
type topicFault struct{ error }

func (f topicFault) Unwrap() error { return f.error }

// isOfTopic reports whether a fault is the topic's. Such a fault never parks a
// message, however often it repeats: all messages of the topic would follow.
func isOfTopic(fault error) bool {
	var of topicFault
	return errors.As(fault, &of)
}

// The known codes, in small letters and without "exception" at their end: SNS
// writes some in two ways. Any other code is a fault that may pass.
var (
	// invalid are the codes with which SNS refuses the content of a message.
	invalid = setOf("invalidparameter", "invalidparametervalue", "parametervalueinvalid", "validationerror", "validation",
		"invalidmessagecontents", "invalidattributename", "invalidattributevalue", "batchrequesttoolong", "invalidbatchentryid")
	// ofTopic are the codes about the topic, the right to publish, or its key.
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

// codedError is how the client of AWS returns an error answer of SNS. An error
// without it means that there was no answer: the call was cut off, or timed out.
type codedError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// faultOfCall classifies the error of a whole call. Where SNS did not answer there
// is no code.
func faultOfCall(err error) error {
	var answer codedError
	if !errors.As(err, &answer) {
		return fmt.Errorf("SNS: %w", err)
	}
	return faultOf(answer.ErrorCode(), answer.ErrorMessage())
}

// faultOf classifies an error answer: a *Refusal, a topicFault, or a fault that may
// pass.
func faultOf(code, message string) error {
	word := strings.TrimSuffix(strings.ToLower(code), "exception")
	switch {
	case ofTopic[word], strings.Contains(word, "throttl"), strings.HasPrefix(word, "kms"), invalid[word] && namesTopic(message):
		return topicFault{fault{plain(code), kindOf(word)}}
	case invalid[word]:
		return &Refusal{plain(code), partOf(code, message)}
	}
	return fault{plain(code), status.NetworkAway}
}

// kindOf returns the kind of a topic's fault.
func kindOf(word string) status.Kind {
	switch {
	case word == "notfound", word == "resourcenotfound", invalid[word]:
		return status.TopicMissing
	case strings.Contains(word, "throttl"), word == "toomanyrequests", word == "requestlimitexceeded", word == "slowdown":
		return status.TopicThrottled
	}
	return status.TopicDenied
}

// namesTopic reports whether SNS calls the topic's ARN invalid: the one parameter
// that an operator sets and no message.
func namesTopic(message string) bool {
	words := letters(message)
	return strings.Contains(words, "topicarn") || strings.Contains(words, "targetarn")
}

// letters returns the letters of a text in lower case, without anything between.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
