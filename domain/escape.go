package domain

import "bytes"

// Escaped returns a JSON text with every control character, U+FFFE and U+FFFF escaped
// as \u and four digits. JSON requires this below U+0020 only, but XML and SQS accept
// none of the others. text must be valid JSON in UTF-8. A text without such characters
// is returned as it is, and any other is copied.
func Escaped(text []byte) []byte {
	if !mayHaveRaw(text) {
		return text
	}
	var b []byte
	kept := 0
	for i := 0; i < len(text); {
		char, size := rawAt(text[i:])
		if size == 0 {
			i++
			continue
		}
		b = appendEscape(append(b, text[kept:i]...), char)
		i += size
		kept = i
	}
	if kept == 0 {
		return text
	}
	return append(b, text[kept:]...)
}

// mayHaveRaw reports whether a text has a byte with which a character of rawAt begins.
// bytes.IndexByte is vectorised, and nearly every text ends here.
func mayHaveRaw(text []byte) bool {
	return bytes.IndexByte(text, 0x7f) >= 0 || bytes.IndexByte(text, 0xc2) >= 0 || bytes.IndexByte(text, 0xef) >= 0
}

// rawAt returns the character at the beginning of a text and its size in bytes, if it
// must be escaped. Otherwise the size is 0.
func rawAt(text []byte) (char uint16, size int) {
	switch {
	case text[0] == 0x7f:
		return 0x7f, 1
	case text[0] == 0xc2 && len(text) > 1 && text[1] < 0xa0: // U+0080 to U+009F
		return uint16(text[1]), 2
	case text[0] == 0xef && len(text) > 2 && text[1] == 0xbf && text[2] >= 0xbe: // U+FFFE, U+FFFF
		return 0xffc0 | uint16(text[2]&0x3f), 3
	}
	return 0, 0
}

func appendEscape(b []byte, char uint16) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[char>>12], digits[char>>8&15], digits[char>>4&15], digits[char&15])
}
