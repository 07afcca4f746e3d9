package publisher

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

// What a code and its message are to blame on: the message, the topic, or neither
// that is known.
func TestFaults_areOfAMessageATopicOrNeither(t *testing.T) {
	const content, topic, nobody = "content", "topic", "nobody"
	for _, c := range []struct{ code, message, want string }{
		{"InvalidParameter", "Invalid parameter: Message too long", content},
		{"InvalidParameterException", "Invalid parameter: Empty message", content},
		{"InvalidParameterValue", "The message attribute 'x' is not known", content},
		{"ParameterValueInvalid", "", content},
		{"ValidationError", "1 validation error detected: Value at 'message' failed", content},
		{"ValidationException", "", content},
		{"BatchRequestTooLong", "", content},
		{"InvalidBatchEntryId", "", content},
		{"InvalidAttributeName", "", content},
		{"NotFound", "Topic does not exist", topic},
		{"NotFoundException", "", topic},
		{"ResourceNotFoundException", "", topic},
		{"AuthorizationError", "", topic},
		{"AuthorizationErrorException", "", topic},
		{"AccessDenied", "", topic},
		{"AccessDeniedException", "", topic},
		{"ExpiredToken", "", topic},
		{"ExpiredTokenException", "", topic},
		{"InvalidClientTokenId", "", topic},
		{"SignatureDoesNotMatch", "", topic},
		{"InvalidSecurity", "", topic},
		{"Throttled", "", topic},
		{"ThrottledException", "", topic},
		{"Throttling", "", topic},
		{"ThrottlingException", "", topic},
		{"RequestThrottled", "", topic},
		{"RequestLimitExceeded", "", topic},
		{"TooManyRequestsException", "", topic},
		{"KMSDisabled", "", topic},
		{"KMSThrottlingException", "", topic},
		{"KMSAccessDenied", "", topic},
		{"InvalidParameter", "Invalid parameter: TopicArn Reason: no such thing", topic},
		{"InvalidParameter", "Invalid parameter: TargetArn", topic},
		{"ValidationError", "1 validation error detected: Value at 'topicArn' failed to satisfy constraint", topic},
		{"ValidationError", "Value null at 'targetArn'", topic},
		{"ValidationException", "topic_arn", topic},
		{"ValidationException", "the Topic ARN is not well formed", topic},
		{"InternalError", "topicArn", nobody},
		{"InternalFailure", "", nobody},
		{"ServiceUnavailable", "", nobody},
		{"SomethingNew", "", nobody},
		{"", "", nobody},
	} {
		for _, write := range []func(string) string{func(s string) string { return s }, strings.ToLower, strings.ToUpper} {
			code, message := write(c.code), write(c.message)
			ofCall := faultOfCall(fmt.Errorf("call: %w", &smithy.GenericAPIError{Code: code, Message: message}))
			for _, fault := range []error{faultOf(code, message), ofCall} {
				var refused *Refusal
				blamed := nobody
				switch {
				case errors.As(fault, &refused):
					blamed = content
					require.Equal(t, Refusal{plain(code), partOf(code, message)}, *refused)
				case isOfTopic(fault):
					blamed = topic
				}
				require.Equal(t, c.want, blamed, "%s: %s", code, message)
				require.ErrorContains(t, fault, plain(code))
			}
		}
	}
	silent := faultOfCall(errors.New("no route to host"))
	require.False(t, isOfTopic(silent))
	require.ErrorContains(t, silent, "no route")
}
