package evidence

import "unicode/utf8"

// isLine reports whether text is a line: UTF-8, not empty, without control characters.
func isLine(text string) bool {
	if text == "" || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if r < 0x20 || r == 0x7f {
			return false
		}
	}
	return true
}
