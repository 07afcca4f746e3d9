package auth

import (
	"net/http"
	"reflect"
)

// The constants that tests outside the package wait for.
const (
	MaxAge       = maxAge
	RefreshEvery = refreshEvery
	RenewEvery   = renewEvery
	FetchTime    = fetchTime
)

// ClaimNames are the claims of a token that are read.
func ClaimNames() []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[token]()) {
		names = append(names, field.Tag.Get("json"))
	}
	return names
}

// Wire puts something in the place of the network, and leaves the client as it is.
func Wire(v *Verifier, to http.RoundTripper) { v.keys.client.Transport = to }
