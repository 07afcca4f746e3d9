package api

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"nonassociations/domain"
)

var errNUL = errors.New("must not have the character NUL")

// authorisedBy and comments parse texts of NOMIS. They are kept as given: limits
// count code points, and only NUL is refused, which Postgres cannot store.
func authorisedBy(s string) (string, error) { return note(s, domain.MaxAuthorisedBy) }
func comments(s string) (string, error)     { return note(s, domain.MaxComment) }

// note parses a text of NOMIS up to a limit in code points.
func note(s string, limit int) (string, error) {
	if utf8.RuneCountInString(s) > limit {
		return "", tooLong(limit)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "", errNUL
	}
	return s, nil
}

// prose and userName parse texts of staff. They must fit into NOMIS as NOMIS will
// count them, and are kept as given.
func prose(s string) (string, error)    { return typed(s, domain.MaxComment) }
func userName(s string) (string, error) { return typed(s, domain.MaxAuthorisedBy) }

// maxGiven bounds a text with the blanks around it, in code points: a fact and its
// message must stay far below the limits of the log and of SNS.
const maxGiven = 4096

// typed parses a text of staff up to a limit as domain.CheckTyped counts.
func typed(s string, limit int) (string, error) {
	err := domain.CheckTyped(s, limit)
	switch {
	case errors.Is(err, domain.ErrTooLong):
		return "", tooLong(limit)
	case err != nil:
		return "", err
	case utf8.RuneCountInString(s) > maxGiven:
		return "", fmt.Errorf("must be at most %d characters with the blanks around it", maxGiven)
	}
	return s, nil
}

// tooLong is the detail of a text beyond its limit.
func tooLong(limit int) error { return fmt.Errorf("must be at most %d characters", limit) }

// wholeNumber returns the value of a JSON number that is whole, in any spelling: 1,
// 1.0, 10e-1 and 1E0 are equal. Negative numbers and those of more than six digits
// are refused: no field here takes them.
func wholeNumber(s string) (n int, is bool) {
	mantissa, exponent := s, int64(0)
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		var err error
		if exponent, err = strconv.ParseInt(s[e+1:], 10, 32); err != nil {
			return 0, false // no body has room for the digits that would make up for it
		}
		mantissa = s[:e]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	zeros := exponent - int64(len(fraction)) + int64(len(digits)-len(significant))
	if significant == "" {
		return 0, true
	}
	if zeros < 0 || int64(len(significant))+zeros > 6 {
		return 0, false
	}
	n, err := strconv.Atoi(significant + strings.Repeat("0", int(zeros)))
	return n, err == nil && n >= 0
}
