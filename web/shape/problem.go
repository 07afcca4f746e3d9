package shape

import "nonassociations/domain"

// Problem is the body of every refusal. It holds no name, comment, reason or token, and
// no text of an internal error. Status and ErrorCode are stable; the messages are not.
type Problem struct {
	Status           int          `json:"status"`
	ErrorCode        *domain.Code `json:"errorCode"`
	UserMessage      string       `json:"userMessage"`
	DeveloperMessage string       `json:"developerMessage"`
	MoreInfo         any          `json:"moreInfo"`        // of a 301: the prisoner number that survives; of 1409: a [MappingConflict]
	Errors           []Fault      `json:"errors,omitzero"` // of a 400
}

// Fault is one bad value. Source is a JSON pointer into the body, or the name of a
// parameter or header.
type Fault struct {
	Source string `json:"source"`
	Detail string `json:"detail"`
}
