// Package strictjson reads a JSON text from a caller in one pass and lists every value
// that is wrong, each with its JSON pointer.
//
// Strict means that duplicate names, invalid UTF-8 and anything after the value are
// errors. Unknown fields are for the caller of the package to skip or to refuse.
//
// It is own code over a strict tokenizer, because decoding into structs stops at the
// first bad value, and a client would then learn of its mistakes one request at a time.
// The package knows nothing of HTTP: web/api maps its two errors to answers.
package strictjson
