// Package client calls the service over HTTP with Go types. A test compares every
// method and type with the OpenAPI document of web/api, both ways.
//
// A method takes the parameters of the path, then the options, then the body. It
// returns the answer with its headers. It sends a request once. A request whose [Error]
// is Temporary may be sent again. A write without an answer may be sent again if it had
// an IdempotencyKey, or if it is safe to repeat by its content.
package client
