package api

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"nonassociations/queries"
)

// errCursor refuses a cursor that was changed or belongs to other parameters.
var errCursor = errors.New("must be as Link gave it, with the other parameters as they are there")

// formatCursor encodes the record after which a page begins, for the parameter after
// of Link. It is opaque and no secret. A checksum guards against edits, and the scope
// against use with other parameters.
func formatCursor(of queries.PageRequest, number int64, behind queries.Cursor) string {
	text := strings.Join([]string{
		cursorScope(of), strconv.FormatInt(number, 10), behind.ID.String(), behind.ID.String(),
	}, "\n")
	return base64.RawURLEncoding.EncodeToString(append(checksum(text), text...))
}

// parseCursor decodes a cursor of formatCursor. The error says that it was changed, or
// that the other parameters are not those it was made for.
func parseCursor(token string, of queries.PageRequest) (number int64, behind queries.Cursor, err error) {
	whole, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(whole) < sealed || string(whole[:sealed]) != string(checksum(string(whole[sealed:]))) {
		return 0, behind, errCursor
	}
	parts := strings.SplitN(string(whole[sealed:]), "\n", 4)
	if len(parts) != 4 || parts[0] != cursorScope(of) {
		return 0, behind, errCursor
	}
	number, err = strconv.ParseInt(parts[1], 10, 64)
	id, errID := parseID(parts[2])
	if err != nil || errID != nil {
		return 0, behind, errCursor
	}
	return number, queries.Cursor{ID: id}, nil
}

// cursorScope returns the parameters that a cursor belongs to.
func cursorScope(of queries.PageRequest) string {
	return fmt.Sprintf("%s %t %d %t %t", of.By, of.Descending, of.Size, of.Open, of.Closed)
}

// sealed is the length of the checksum in bytes. It guards against mistakes, and
// keeps no secret.
const sealed = 12

// checksum returns the first bytes of a hash of the text, salted with a word so that
// no other hash of this service equals it.
func checksum(text string) []byte {
	hash := sha256.Sum256([]byte("after\n" + text))
	return hash[:sealed]
}
