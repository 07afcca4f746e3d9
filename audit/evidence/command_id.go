package evidence

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

const commandIDName = "commandId"

// CommandID returns the command id of metadata as text, as it is written there: the first
// member of this name at the top; "" when metadata has none, or it is no text. What follows
// it is not looked at. It never leaves the service: it is what keeps digests from being
// tried out.
func CommandID(metadata []byte) string { return string(commandID(metadata)) }

// commandID is CommandID as a part of the metadata where it stands there without escapes.
func commandID(metadata []byte) []byte {
	if id, found := firstMember(metadata); found {
		return id
	}
	return []byte(findMember(metadata))
}

// findMember is CommandID of any metadata.
func findMember(metadata []byte) string {
	decoder := jsontext.NewDecoder(bytes.NewReader(metadata))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return ""
	}
	for {
		name, err := decoder.ReadToken()
		if err != nil || name.Kind() != '"' {
			return ""
		}
		if name.String() != commandIDName {
			if decoder.SkipValue() != nil {
				return ""
			}
			continue
		}
		if value, err := decoder.ReadToken(); err == nil && value.Kind() == '"' {
			return value.String()
		}
		return ""
	}
}

// firstMember is CommandID of metadata as this service writes it, where the id stands first:
// it takes a twentieth of the time, and a verification does little else.
func firstMember(metadata []byte) (id []byte, found bool) {
	rest, found := bytes.CutPrefix(metadata, []byte(`{"`+commandIDName+`":"`))
	end := bytes.IndexByte(rest, '"')
	if !found || end < 0 {
		return nil, false
	}
	for _, b := range rest[:end] {
		if b < 0x20 || b >= 0x7f || b == '\\' {
			return nil, false
		}
	}
	return rest[:end], true
}
