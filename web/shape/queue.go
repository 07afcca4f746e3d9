package shape

import "github.com/go-json-experiment/json/jsontext"

// MessagesFound is the answer of a call that retries or purges a queue, in the words of
// the department's services.
type MessagesFound struct {
	MessagesFoundCount int `json:"messagesFoundCount"`
}

// DeadLetters are messages of a dead-letter queue.
type DeadLetters struct {
	MessagesFoundCount    int          `json:"messagesFoundCount"` // in the queue, approximately
	MessagesReturnedCount int          `json:"messagesReturnedCount"`
	Messages              []DeadLetter `json:"messages"`
}

// DeadLetter is one message. Body is its JSON, or its text when it is not JSON.
type DeadLetter struct {
	Body      jsontext.Value `json:"body"`
	MessageID string         `json:"messageId"` // of SQS
}
