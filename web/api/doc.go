// Package api is the JSON edge of the service: it turns HTTP requests into
// commands and queries, and what they say into HTTP answers. It holds no rule
// of the record and no SQL; what is malformed it refuses before anything else
// in the house hears of it.
//
// A request walks one way: edge (recovery, log line) → guard (token, role,
// time) → endpoint (decode, ask) → reply. An endpoint returns values; one
// place writes answers and one place turns errors into answers.
package api
