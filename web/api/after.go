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

var errAfter = errors.New("must be as Link gave it, with the other parameters as they are there")

// formatAfter writes the place behind which a page begins. It is no secret, but
// nothing that anybody should build on: it is good for the same question only,
// and a change in it is seen.
func formatAfter(of queries.PageOf, number int64, behind queries.Place) string {
	text := strings.Join([]string{
		question(of), strconv.FormatInt(number, 10), behind.ID.String(), behind.Value,
	}, "\n")
	return base64.RawURLEncoding.EncodeToString(append(seal(text), text...))
}

// parseAfter reads what formatAfter wrote for the same question.
func parseAfter(token string, of queries.PageOf) (number int64, behind queries.Place, err error) {
	whole, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(whole) < sealed || string(whole[:sealed]) != string(seal(string(whole[sealed:]))) {
		return 0, behind, errAfter
	}
	parts := strings.SplitN(string(whole[sealed:]), "\n", 4)
	if len(parts) != 4 || parts[0] != question(of) {
		return 0, behind, errAfter
	}
	number, err = strconv.ParseInt(parts[1], 10, 64)
	id, errID := parseID(parts[2])
	if err != nil || errID != nil {
		return 0, behind, errAfter
	}
	return number, queries.Place{Value: parts[3], ID: id}, nil
}

// question is what a place is an answer to.
func question(of queries.PageOf) string {
	return fmt.Sprintf("%s %t %d %t %t", of.By, of.Descending, of.Size, of.Open, of.Closed)
}

const sealed = 12

func seal(text string) []byte {
	hash := sha256.Sum256([]byte("after\n" + text))
	return hash[:sealed]
}
