// Package shape has the JSON of the answers: what the API writes and the typed
// client reads. It builds them from domain values, and knows neither HTTP nor where
// the values come from.
//
// The names and the order of keys are a contract. A key may be added and is never
// renamed or removed (CONTRIBUTING.md).
package shape
