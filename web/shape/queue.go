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

// QueueHealth is a queue with its dead letters, in the shape of the department's
// services.
type QueueHealth struct {
	Status  HealthStatus `json:"status"`
	Details QueueDetails `json:"details"`
}

// QueueDetails are the numbers of a queue, as texts. They are left out when SQS does not
// tell them, and those of the dead letters when the queue has no dead-letter queue.
type QueueDetails struct {
	QueueName        string       `json:"queueName"`
	MessagesOnQueue  string       `json:"messagesOnQueue,omitzero"`
	MessagesInFlight string       `json:"messagesInFlight,omitzero"`
	DLQName          string       `json:"dlqName,omitzero"`
	MessagesOnDLQ    string       `json:"messagesOnDlq,omitzero"`
	DLQStatus        HealthStatus `json:"dlqStatus"`
}
