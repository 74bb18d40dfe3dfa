// Package httpapi is the HTTP client of all sources: limited, authenticated and
// retried. A source asks and parses; everything between is done here.
//
// From the outside in a request passes
//
//	retry      Client.Do: until a good status and headers, see Retryable and RetryAfter
//	redirects  net/http: at most 5, never to plain http, nothing of ours to another host
//	auth       Authenticator: credentials on, one renewal and one replay after an expiry
//	limiter    one permit for each request on the wire, a place in flight until its body is closed
//	wire       http.Transport, without retries of its own, or Config.RoundTripper
//
// so every attempt, redirect, replay and token call takes a permit, and none is
// held while a retry sleeps. A 429 pauses the limiter, that is every worker of the
// credential, and is no error: it uses up patience (the limiter's MaxWait, then
// the slice is parked), never attempts.
//
// A body streams: unpacked, bounded in size and time, and its failures are
// classified like those of the request. They are not retried here; the runner
// reads again from its last checkpoint.
//
// Nothing secret gets out: URLs lose user, password and secret parameters, and the
// configured secrets and every token in use are blotted out of all texts in errors
// and logs. Request headers and bodies are never shown.
//
// gzip is read with klauspost/compress: on 4 MB of JSON it took 0.6 of the time of
// the standard library, with a quarter of its allocations, and it is linked anyway.
package httpapi
