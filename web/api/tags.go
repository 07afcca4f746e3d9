package api

import "strings"

// entityTags parses If-Match or If-None-Match (RFC 9110, 13.1): a list of entity tags
// over one line or several, or a star alone, which matches any tag. A tag may contain
// a comma, and the list may have empty places. Tags come with their quotes, and with
// W/ where they are weak. ok is false for anything else, and for a list without a
// tag.
func entityTags(lines []string) (tags []string, star, ok bool) {
	rest := trimBlanks(strings.Join(lines, ","))
	if rest == "*" {
		return nil, true, true
	}
	for rest != "" {
		if rest[0] == ',' {
			rest = trimBlanks(rest[1:])
			continue
		}
		length := entityTagLength(rest)
		if length == 0 {
			return nil, false, false
		}
		tags = append(tags, rest[:length])
		rest = trimBlanks(rest[length:])
		if rest != "" && rest[0] != ',' {
			return nil, false, false
		}
	}
	return tags, false, len(tags) > 0
}

// trimBlanks removes the optional white space of RFC 9110.
func trimBlanks(text string) string { return strings.Trim(text, " \t") }

// weakly begins a weak entity tag.
const weakly = "W/"

// entityTagLength returns the length of the entity tag at the beginning of a text; 0
// when there is none.
func entityTagLength(text string) int {
	opaque := strings.TrimPrefix(text, weakly)
	if opaque == "" || opaque[0] != '"' {
		return 0
	}
	for i := 1; i < len(opaque); i++ {
		switch c := opaque[i]; {
		case c == '"':
			return len(text) - len(opaque) + i + 1
		case c <= ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}

// matches reports whether If-None-Match names an entity tag, by the weak comparison
// of reads. A header that cannot be parsed names none: the answer is then sent
// without need.
func matches(header []string, etag string) bool {
	tags, star, _ := entityTags(header)
	for _, tag := range tags {
		if strings.TrimPrefix(tag, weakly) == etag {
			return true
		}
	}
	return star
}
