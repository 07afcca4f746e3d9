package publisher

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Refusal says that SNS calls a message invalid: the same again is in vain.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

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
func faultOf(code, message string) error {
	return judged(code, message, fmt.Errorf("SNS: %s: %s", code, message))
}

// codedError is how the client says what SNS answered.
type codedError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// faultOfCall is the same for a call that came to nothing. Where SNS has not
// answered there is no code.
func faultOfCall(err error) error {
	fault := fmt.Errorf("SNS: %w", err)
	var answer codedError
	if !errors.As(err, &answer) {
		return fault
	}
	return judged(answer.ErrorCode(), answer.ErrorMessage(), fault)
}

func judged(code, message string, fault error) error {
	word := strings.TrimSuffix(strings.ToLower(code), "exception")
	switch {
	case ofTopic[word], strings.Contains(word, "throttl"), strings.HasPrefix(word, "kms"), invalid[word] && namesTopic(message):
		return topicFault{fault}
	case invalid[word]:
		return &Refusal{code, message}
	}
	return fault
}

// namesTopic finds the one parameter that is the operator's and not the
// message's, in whatever way it is written.
func namesTopic(message string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, message)
	return strings.Contains(letters, "topicarn") || strings.Contains(letters, "targetarn")
}
