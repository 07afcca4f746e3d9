package api

import (
	"net/url"
	"strconv"
)

// atLeast parses the position that the caller has seen; 0 when none is given.
func atLeast(u *url.URL) (uint64, error) {
	if u.RawQuery == "" {
		return 0, nil
	}
	// A query that cannot be parsed may have held a position: a stale answer would be
	// wrong.
	query, err := url.ParseQuery(u.RawQuery)
	given := query["atLeast"]
	if err != nil || len(given) > 1 {
		return 0, badPosition()
	}
	if len(given) == 0 {
		return 0, nil
	}
	return parsePosition(given[0])
}

// parsePosition parses a position as X-Position writes it: decimal digits only, below
// 2⁶³.
func parsePosition(text string) (uint64, error) {
	// 63 bits keep positions within the signed integers of JSON clients and of
	// Postgres.
	position, err := strconv.ParseUint(text, 10, 63)
	if err != nil || text[0] == '+' {
		return 0, badPosition()
	}
	return position, nil
}

// formatPosition writes a position for X-Position.
func formatPosition(position uint64) string { return strconv.FormatUint(position, 10) }

// wantedPosition is the detail of every fault of a position.
const wantedPosition = "must be one position as X-Position gives it"

// badPosition refuses atLeast, also when the whole query cannot be parsed.
func badPosition() problem { return invalidValue("atLeast", wantedPosition) }
