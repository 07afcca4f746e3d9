package npa

import "net/http"

// SetTransport replaces the network.
func (o *Options) SetTransport(transport http.RoundTripper) { o.transport = transport }
