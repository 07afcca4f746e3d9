package api

import "strings"

// entityTags reads the values of If-Match or If-None-Match (RFC 9110, 13.1): a
// list of entity tags over one line or several, or a star alone, which stands for
// any tag. A tag may hold a comma, and the list may hold empty places. The tags
// are given with their quotes, and with W/ where they are weak. ok is false for
// what is neither, and for a list without a tag.
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

func trimBlanks(text string) string { return strings.Trim(text, " \t") }

const weakly = "W/"

// entityTagLength is that of the entity tag with which a text begins; 0 when it
// does not begin with one.
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

// matches tells whether If-None-Match names an entity tag of ours; the
// comparison is the weak one, as it is for reads. A header that cannot be read
// names none: the answer is then sent once more than it need be.
func matches(header []string, etag string) bool {
	tags, star, _ := entityTags(header)
	for _, tag := range tags {
		if strings.TrimPrefix(tag, weakly) == etag {
			return true
		}
	}
	return star
}
