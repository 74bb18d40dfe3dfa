package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
)

// MaxRetryAfter caps what a vendor may ask for: a longer wait is taken for a
// mistake. A wait of exactly this length was capped.
const MaxRetryAfter = 24 * time.Hour

// Verdict is what the outcome of one attempt means.
type Verdict struct {
	Class fault.Class
	Retry bool // the same request may succeed later
	Safe  bool // it had no effect for certain: even a request that must not act twice may be sent again
}

// Retryable judges an attempt: by err if it brought no answer, else by the answer.
// An answer of 2xx is judged only for being a page for people. An error that has a class
// already was retried where it arose, and is not retried again.
func Retryable(status int, header http.Header, body []byte, err error) Verdict {
	switch {
	case err != nil:
		return retryableError(err)
	case status == http.StatusTooManyRequests:
		return Verdict{Class: fault.Throttled, Retry: true, Safe: true}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return Verdict{Class: fault.Auth}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return Verdict{Class: fault.Transient, Retry: true}
	case status == http.StatusNotImplemented, status == http.StatusHTTPVersionNotSupported:
		return Verdict{Class: fault.Permanent}
	case status >= 500:
		return Verdict{Class: fault.Transient, Retry: true}
	case status >= 300:
		return Verdict{Class: fault.Permanent}
	case mediaKind(header, body) == html:
		return Verdict{Class: fault.Transient, Retry: true}
	default:
		return Verdict{}
	}
}

func retryableError(err error) Verdict {
	var classified *fault.Error
	var op *net.OpError
	var alert tls.AlertError
	var cert *tls.CertificateVerificationError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &classified):
		return Verdict{Class: classified.Class}
	case errors.Is(err, context.Canceled):
		return Verdict{Class: fault.Interrupted}
	case errors.As(err, &alert), errors.As(err, &cert), errors.As(err, &host), errors.As(err, &authority):
		return Verdict{Class: fault.Permanent}
	case errors.As(err, &op) && op.Op == "dial":
		return Verdict{Class: fault.Transient, Retry: true, Safe: true}
	default:
		return Verdict{Class: fault.Transient, Retry: true}
	}
}

// RetryAfter reads the header of that name: seconds, or an HTTP date. It returns
// false if there is none or it makes no sense, 0 for a time that has passed, and
// at most MaxRetryAfter.
func RetryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := textproto.TrimString(header.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err == nil && seconds < 0:
		return 0, true
	case err == nil && seconds <= int64(MaxRetryAfter/time.Second):
		return time.Duration(seconds) * time.Second, true
	case err == nil, errors.Is(err, strconv.ErrRange) && value[0] != '-':
		return MaxRetryAfter, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter), true
}

// What an answer turns out to be.
const (
	wanted = ""
	html   = "HTML"
)

// mediaKind returns html for a page for people, wanted if that cannot be ruled
// out by header and the beginning of the body, else the media type.
func mediaKind(header http.Header, start []byte) string {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	switch media {
	case "text/html", "application/xhtml+xml":
		return html
	case "", "text/plain", "application/octet-stream": // what servers say that do not know
		if text := strings.TrimLeft(string(start), " \t\r\n\ufeff"); strings.HasPrefix(text, "<") {
			return html
		}
		return wanted
	default:
		return media
	}
}

func hintFor(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "The vendor refuses the login. Check the source's credentials, then run exporter validate --connect."
	case http.StatusForbidden:
		return "The login works but lacks a permission for this. Ask the account's administrator."
	case http.StatusProxyAuthRequired:
		return "A proxy wants a login. Set it in HTTPS_PROXY."
	case http.StatusNotFound, http.StatusGone:
		return "Check the source's base url and the ids in the job's options."
	case http.StatusRequestURITooLong:
		return "Ask for fewer fields or shorten the filters."
	case http.StatusTooManyRequests:
		return "Lower the source's limits if this happens often."
	default:
		return ""
	}
}
