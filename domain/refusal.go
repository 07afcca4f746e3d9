package domain

// Code is the stable number of a refusal that callers may rely on; once
// defined it is never changed.
type Code int

// The codes.
const (
	CodeAlreadyClosed Code = 100
	CodeOpenExists    Code = 101
	CodeInvalid       Code = 102
	CodeNoPrison      Code = 103
	CodeAlreadyOpen   Code = 104
	CodeNotFound      Code = 404
	CodeStale         Code = 412
)

// Refusal is the error of a command that a rule forbids. Its message may be shown in an
// answer: it holds no name, comment or reason.
type Refusal struct {
	Code    Code
	Field   string // of the command, when one field is at fault
	Message string
	Current *NonAssociation // of a stale one: as it is now
}

// Error returns the message.
func (r Refusal) Error() string { return r.Message }
