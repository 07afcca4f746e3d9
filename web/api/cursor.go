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

var errCursor = errors.New("must be as Link gave it, with the other parameters as they are there")

// formatCursor writes the place behind which a page begins. It is no secret, but
// nothing that anybody should build on: it is good for the same question only,
// and a change in it is seen.
func formatCursor(of queries.PageRequest, number int64, behind queries.Cursor) string {
	text := strings.Join([]string{
		cursorScope(of), strconv.FormatInt(number, 10), behind.ID.String(), behind.ID.String(),
	}, "\n")
	return base64.RawURLEncoding.EncodeToString(append(checksum(text), text...))
}

// parseCursor reads what formatCursor wrote for the same question.
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

// cursorScope is what a place is an answer to.
func cursorScope(of queries.PageRequest) string {
	return fmt.Sprintf("%s %t %d %t %t", of.By, of.Descending, of.Size, of.Open, of.Closed)
}

const sealed = 12

func checksum(text string) []byte {
	hash := sha256.Sum256([]byte("after\n" + text))
	return hash[:sealed]
}
