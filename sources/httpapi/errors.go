package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"unicode"

	"exporter/fault"
)

// excerptBytes is how much of a bad answer an error shows.
const excerptBytes = 1 << 10

// Error is a request that failed. Its texts are free of secrets. It comes inside
// an error of package fault, which has its class.
type Error struct {
	Method, URL string
	Doing       string // "" = sending the request
	Status      int    // 0 = no answer
	RequestID   string // the vendor's name for it
	Attempts    int
	Excerpt     string // the beginning of the answer, on one line
	Err         error  // cause; nil if the status says it all
}

// Error implements error: the cause first, then the request, of its address host and
// path. What was asked for in detail is in the log of requests, and in URL.
func (e *Error) Error() string {
	var why []string
	if e.Doing != "" {
		why = append(why, e.Doing)
	} else if e.Status != 0 {
		why = append(why, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	if e.Err != nil {
		why = append(why, e.Err.Error())
	}
	if len(why) == 0 {
		why = []string{"request failed"}
	}
	request := []string{e.Method + " " + short(e.URL)}
	if e.Attempts > 1 {
		request = append(request, fmt.Sprintf("attempt %d", e.Attempts))
	}
	if e.RequestID != "" {
		request = append(request, "request id "+e.RequestID)
	}
	text := strings.Join(why, ": ") + " (" + strings.Join(request, ", ") + ")"
	if e.Excerpt != "" && (e.Err == nil || e.Status < 300) { // else the cause has read it
		text += fmt.Sprintf(", answer %q", e.Excerpt)
	}
	return text
}

// short is host and path of an address.
func short(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	if _, rest, ok := strings.Cut(address, "://"); ok {
		return rest
	}
	return address
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// describe returns the error of a call with a cause, which may be nil.
func (c *Client) describe(cl *call, cause error) *Error {
	e := &Error{Method: cl.method, URL: cl.shown, Attempts: cl.attempts}
	if cause != nil {
		e.Err = scrub(c.redact, cause)
	}
	return e
}

// fail returns the classified error of a call; hint and wait of the cause are kept.
func (c *Client) fail(cl *call, class fault.Class, cause error) error {
	return &fault.Error{Class: class, Hint: cmp.Or(fault.HintOf(cause), hintForDial(cause)), Wait: fault.WaitOf(cause), Err: c.describe(cl, cause)}
}

// hintForDial says what is missing where a vendor that is played on this machine is gone.
func hintForDial(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" || !errors.Is(err, syscall.ECONNREFUSED) {
		return ""
	}
	if a, ok := op.Addr.(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return ""
	}
	return fmt.Sprintf("Nothing listens at %s of this machine. A demo's vendors are there while `exporter demo --serve` runs, those of a sandbox while `exporter sandbox --listen %[1]s` does.", op.Addr)
}

func (c *Client) interrupted(ctx context.Context, cl *call) error {
	return c.fail(cl, fault.ClassOf(ctx.Err()), context.Cause(ctx))
}

func (c *Client) requestID(header http.Header) string {
	id := header.Get("X-Request-Id")
	return oneLine(c.redact.text(id), 100)
}

// scrubbed is an error whose text has lost its secrets.
type scrubbed struct {
	text string
	err  error
}

// Error implements error.
func (s *scrubbed) Error() string { return s.text }

// Unwrap returns the error it was.
func (s *scrubbed) Unwrap() error { return s.err }

// scrub takes the URL that net/http puts into its errors away, for ours stands
// behind them, and blots out secrets.
func scrub(r *redactor, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	text := r.text(err.Error())
	if text == err.Error() {
		return err
	}
	return &scrubbed{text: text, err: err}
}

func excerpt(text string) string { return oneLine(text, excerptBytes) }

// oneLine cuts a text of a stranger to n bytes without line ends and control characters.
func oneLine(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}
