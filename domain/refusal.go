package domain

// Code identifies the rule of a refusal. Callers depend on the numbers: never change
// one, and never reuse one.
type Code int

// The codes. Callers compare 404, 409 and 412 as well, which equal the status that
// web/api sends with them. 1409 is that of NOMIS's mapping service.
const (
	CodeAlreadyClosed Code = 100
	CodeOpenExists    Code = 101
	CodeInvalid       Code = 102
	CodeNoPrison      Code = 103
	CodeAlreadyOpen   Code = 104
	CodeNotFound      Code = 404
	CodeNotSwitched   Code = 409
	CodeStale         Code = 412
	CodeMapped        Code = 1409
)

// Refusal is the error for a command that a rule forbids. Message may be part of an
// answer, so it contains no names, comments or reasons.
type Refusal struct {
	Code    Code
	Field   string // of the command, when one field is at fault
	Message string
	Current *NonAssociation // of a stale one: as it is now; of CodeMapped: the one that is mapped; of 101 and 104: the open one
}

func (r Refusal) Error() string { return r.Message }
