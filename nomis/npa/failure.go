package npa

import (
	"errors"
	"fmt"
)

// The kinds of failure of a call. Every error of a call is a [*Failure] of one of them.
var (
	// ErrNotFound says that the non-association that was to be written is not there (any
	// more): what is planned has to be planned again.
	ErrNotFound = errors.New("NOMIS has no such non-association")
	// ErrPrisonerUnknown says that NOMIS does not know one of the two, or no booking of
	// theirs: it answers both alike.
	ErrPrisonerUnknown = errors.New("NOMIS does not know a prisoner of the pair")
	// ErrAlreadyExists says that the pair has an open one already, so that another one is
	// not created: what is planned has to be planned again.
	ErrAlreadyExists = errors.New("NOMIS has an open non-association of the pair")
	// ErrRefused says that NOMIS does not take the values. Sending them again is of no use.
	ErrRefused = errors.New("NOMIS refuses the values")
	// ErrMirrorsDisagree says that NOMIS cannot write, because its two mirrors differ.
	ErrMirrorsDisagree = errors.New("the mirrors of NOMIS disagree")
	// ErrDenied says that NOMIS, or the issuer of tokens, does not let this service in.
	ErrDenied = errors.New("NOMIS denies access")
	// ErrUnavailable is every other failure. Whether a write was carried out is then not
	// known. It also has the error of a context that ended.
	ErrUnavailable = errors.New("NOMIS is not available")
)

// Failure is the error of a call. errors.Is finds its kind, and the error of the caller's
// context where that ended. Its text has no personal data, unlike Words.
type Failure struct {
	Kind   error  // one of the errors above
	Status int    // of the answer that failed; 0: none came, or one that succeeded and cannot be read
	Words  string // what NOMIS says about it; empty: nothing. It may quote what was sent
	Field  string // of ErrRefused: which value, by its name in the JSON of a Detail; empty: it is not said

	cause   error // why there is no answer, or none that can be read; may be nil
	ours    bool  // the answer has the API's own form
	garbled bool  // it succeeded, and cannot be read
	silent  bool  // NOMIS did not answer at all
	givenUp bool  // the caller's context ended first
}

// Error returns the kind with the status or the cause.
func (f *Failure) Error() string {
	switch {
	case f.cause != nil:
		return fmt.Sprintf("%v: %v", f.Kind, f.cause)
	case f.Status != 0:
		return fmt.Sprintf("%v (%d)", f.Kind, f.Status)
	}
	return f.Kind.Error()
}

// Unwrap returns the kind and the cause.
func (f *Failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.Kind}
	}
	return []error{f.Kind, f.cause}
}

// IsNotYet reports whether NOMIS refused because the effective day is still to come, as
// it may around midnight: its day is not ours.
func (f *Failure) IsNotYet() bool {
	return errors.Is(f.Kind, ErrRefused) && futureDay.MatchString(withoutQuotes(f.Words))
}

// Words returns what NOMIS said in the failure that an error wraps, or an empty text. It
// may quote what was sent, so it is not for a log.
func Words(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Words
	}
	return ""
}

// Why NOMIS could not be read or written. Each is a sentence without personal data.
const (
	WhyAway       = "NOMIS does not answer."
	WhyDenied     = "NOMIS lets no call in."
	WhyUnreadable = "What NOMIS answered cannot be read."
)

// Why says in a sentence without personal data why NOMIS could not be asked. It is empty
// for an error of another cause.
func Why(err error) string {
	var f *Failure
	switch {
	case errors.Is(err, ErrDenied):
		return WhyDenied
	case errors.As(err, &f) && f.garbled:
		return WhyUnreadable
	case errors.Is(err, ErrUnavailable):
		return WhyAway
	}
	return ""
}

// unreadable is the failure of an answer that succeeded in a form that is not expected.
func unreadable(why string) *Failure {
	return &Failure{Kind: ErrUnavailable, cause: errors.New(why), garbled: true}
}
