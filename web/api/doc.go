// Package api is the HTTP edge of the service. It turns requests into commands and
// queries, and their results into answers. It holds no rule of the record and no SQL.
// A malformed request is refused before anything else is called.
//
// Every request takes the same way: middleware (recovery, headers, log line), then
// authentication (token, role, time-out), then the endpoint. An endpoint returns a
// response value or an error. One function writes responses, and one turns errors
// into responses ([problem]).
//
// The JSON of answers is in web/shape. openapi.json is the contract: tests compare it
// with the routes, the roles and the answers.
package api
