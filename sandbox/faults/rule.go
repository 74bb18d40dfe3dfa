// Package faults breaks a sandbox's answers on purpose, by rules and never by
// chance: the same calls in the same order fail in the same way.
//
// A rule counts the calls it matches (operation, credential, query) and fires on
// those of its range: "calls 3 to 5", "every 10th", "the next two". The first
// rule that fires decides the answer; delays of all rules that fire add up.
// Numbers of calls start at 1; delays are milliseconds.
package faults

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Kind is what a rule does to the answer.
type Kind string

// The kinds of faults.
const (
	Status        Kind = "status"         // answer with Status and Body; an empty Body is an empty answer, as a 504 of a gateway is
	HTML          Kind = "html"           // 200 (or Status) with an HTML page instead of JSON
	Empty         Kind = "empty"          // 200 (or Status) without a body
	Envelope      Kind = "envelope"       // the vendor's own error answer saying Body
	TruncatedJSON Kind = "truncated_json" // the document ends after Bytes bytes, the HTTP message is whole
	TruncatedGzip Kind = "truncated_gzip" // the same for the compressed stream; JSON when the caller takes no gzip
	Stall         Kind = "stall"          // nothing comes after Bytes bytes until the caller gives up or Release is called
	Reset         Kind = "reset"          // the connection is reset after Bytes bytes
	Latency       Kind = "latency"        // the answer is late and otherwise right
)

// Rule is one fault and the calls it happens to. The zero value of a matcher matches everything.
type Rule struct {
	Kind   Kind   `json:"kind"`
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"`
	Bytes  int    `json:"bytes,omitempty"` // where a body is cut; at least its last 9 bytes are kept back

	Operation  string `json:"operation,omitempty"`  // for example "Conversion::findAll" or "authorize"
	Credential string `json:"credential,omitempty"` // key of the meter, for example "network:demo"
	Query      string `json:"query,omitempty"`      // part of the decoded query

	From  int `json:"from,omitempty"`  // first matching call, default 1
	To    int `json:"to,omitempty"`    // last matching call, 0 = no end
	Every int `json:"every,omitempty"` // of the calls From, From+Every, ...; 0 = each
	Times int `json:"times,omitempty"` // fire at most so often, 0 = no limit

	DelayMillis  int `json:"delay_ms,omitempty"`
	JitterMillis int `json:"jitter_ms,omitempty"` // up to so much more, a function of seed and call
}

// Validate reports the first mistake in r.
func (r Rule) Validate() error {
	switch r.Kind {
	case Status:
		if r.Status < 200 || r.Status > 599 {
			return fmt.Errorf("fault %q: status %d is not between 200 and 599", r.Kind, r.Status)
		}
	case Latency:
		if r.DelayMillis <= 0 && r.JitterMillis <= 0 {
			return fmt.Errorf("fault %q: delay_ms or jitter_ms is missing", r.Kind)
		}
	case HTML, Empty, Envelope, TruncatedJSON, TruncatedGzip, Stall, Reset:
	default:
		return fmt.Errorf("unknown kind of fault %q", r.Kind)
	}
	if r.From < 0 || r.To < 0 || r.Every < 0 || r.Times < 0 || r.Bytes < 0 || r.DelayMillis < 0 || r.JitterMillis < 0 {
		return fmt.Errorf("fault %q: negative number", r.Kind)
	}
	return nil
}

// Call is a request as rules see it.
type Call struct {
	Operation   string
	Credentials []string
	Query       string // decoded
}

// Set holds the rules in force. Safe for concurrent use.
type Set struct {
	seed uint64

	mu      sync.Mutex
	rules   []*state
	calls   uint64
	release chan struct{}
}

type state struct {
	Rule
	seen, hits int
}

// State is a rule with what it has done so far.
type State struct {
	Rule
	Seen int `json:"seen"` // calls that matched
	Hits int `json:"hits"` // of these, calls it broke
}

// NewSet returns a set of the given rules; seed decides jitter.
func NewSet(seed uint64, rules ...Rule) (*Set, error) {
	s := &Set{seed: seed, release: make(chan struct{})}
	if err := s.Add(rules...); err != nil {
		return nil, err
	}
	return s, nil
}

// Add puts rules behind those in force. With one mistake none is added.
func (s *Set) Add(rules ...Rule) error {
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		s.rules = append(s.rules, &state{Rule: r})
	}
	return nil
}

// Clear removes all rules; calls already stalled stay so until [Set.Release].
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Release lets every stalled call go on.
func (s *Set) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.release)
	s.release = make(chan struct{})
}

// States returns the rules in force, in order.
func (s *Set) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.rules))
	for _, r := range s.rules {
		out = append(out, State{Rule: r.Rule, Seen: r.seen, Hits: r.hits})
	}
	return out
}

// Pick counts the call and returns what is to happen to it; never nil.
func (s *Set) Pick(c Call) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	f := &Fault{release: s.release}
	for _, r := range s.rules {
		if !r.matches(c) {
			continue
		}
		r.seen++
		if !r.due() || (f.Kind != "" && r.Kind != Latency) {
			continue
		}
		r.hits++
		f.Delay += s.delay(r.Rule)
		if r.Kind != Latency {
			f.Rule = r.Rule
		}
	}
	return f
}

func (r *state) matches(c Call) bool {
	if r.Operation != "" && r.Operation != c.Operation || !strings.Contains(c.Query, r.Query) {
		return false
	}
	if r.Credential == "" {
		return true
	}
	for _, key := range c.Credentials {
		if key == r.Credential {
			return true
		}
	}
	return false
}

func (r *state) due() bool {
	from := max(r.From, 1)
	return r.seen >= from && (r.To == 0 || r.seen <= r.To) &&
		(r.Every == 0 || (r.seen-from)%r.Every == 0) &&
		(r.Times == 0 || r.hits < r.Times)
}

func (s *Set) delay(r Rule) time.Duration {
	d := time.Duration(r.DelayMillis) * time.Millisecond
	if span := uint64(r.JitterMillis) * 1000; span > 0 {
		x := (s.seed + s.calls) * 0x9e3779b97f4a7c15
		x ^= x >> 29
		x *= 0xbf58476d1ce4e5b9
		d += time.Duration((x^x>>32)%(span+1)) * time.Microsecond
	}
	return d
}
