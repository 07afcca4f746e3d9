// Package client calls the service over HTTP with Go types. A test holds every
// method and type to the OpenAPI document of web/api, and the document to them.
//
// A method takes what the path names, then what may be asked for beside it, then
// the body, and gives the answer with what its headers say. It sends a request
// once: an [Error] that is Temporary may be sent again, and so may a write that
// was not answered, if it had an IdempotencyKey or repeats by its content.
package client
