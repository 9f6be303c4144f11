//go:build js && wasm

// Replaces the file of this name in package net/http: `sluice plugin build` compiles with it. The original calls fetch, which buffers
// uploads and follows redirects by itself.

package http

// RoundTrip carries every call of every Transport, also of copies of it. Where the author asks for more than the gateway's client
// has (an own dialer, own checks of certificates), Go's client makes the call over a connection of the gateway.
func (t *Transport) RoundTrip(req *Request) (*Response, error) {
	if sluicePlain(t, req) {
		return sluiceRoundTrip(t, req)
	}
	return t.roundTrip(req)
}
