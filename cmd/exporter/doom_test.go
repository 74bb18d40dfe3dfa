package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"exporter/sandbox/owapro"
)

// moment is how far a renewal has come, as the vendor sees it.
type moment string

const (
	asked    moment = "asked for"        // the request is here, the vendor has not looked at it
	issued   moment = "granted"          // there are new tokens, nothing has been sent
	cut      moment = "half sent"        // half of the answer has been sent
	answered moment = "sent"             // all of it, some moments ago
	arrived  moment = "about to be used" // a call with the new access token is here, the vendor has not looked at it
	used     moment = "used"             // the vendor has taken that call and given up all older refresh tokens
	anywhere moment = "anywhere"         // some moments after the start of the process
)

// doom is how a process is to end, and what became of it.
type doom struct {
	at       moment
	patience time.Duration // of answered and anywhere
	lasts    int           // calls before the access token it begins with is worthless

	process  *os.Process
	timer    *time.Timer
	killed   bool
	renewals int
	fresh    string // access token that was sent and is not used yet
	beside   string // refresh token of the same answer
	refused  string // answer to the first use of a new access token, if it was not taken
}

// executioner stands before the vendor and kills processes when a renewal has come
// as far as it is told.
type executioner struct {
	vendor *owapro.Server
	next   http.Handler

	mu         sync.Mutex
	changed    *sync.Cond
	doom       *doom
	unused     string          // refresh token that was sent to a process killed before it used one of the new tokens
	kept, lost int             // such tokens, as the next process shows
	open       int             // connections
	seen       map[string]bool // addresses of callers
}

func newExecutioner() *executioner {
	e := &executioner{doom: &doom{lasts: -1}, seen: map[string]bool{}}
	e.changed = sync.NewCond(&e.mu)
	return e
}

// start starts a process that is doomed.
func (e *executioner) start(cmd *exec.Cmd, d *doom) error {
	e.mu.Lock() // nothing that it asks is looked at before its doom is known
	defer e.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	e.doom, d.process = d, cmd.Process
	if d.at == anywhere {
		d.timer = time.AfterFunc(d.patience, func() { e.kill(d) })
	}
	return nil
}

// end waits until nothing is on its way any more from a process that has ended: a
// request it sent in its last moment may not have been read yet.
func (e *executioner) end(t *testing.T, addr string) {
	t.Helper()
	e.mu.Lock()
	clear(e.seen)
	e.mu.Unlock()
	last, err := net.Dial("tcp", addr) // connections are accepted in turn
	if err != nil {
		t.Fatal(err)
	}
	if err := last.Close(); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.seen[last.LocalAddr().String()] || e.open > 0 {
		e.changed.Wait()
	}
	d := e.doom
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.killed && d.fresh != "" {
		e.unused = d.beside
	}
	e.doom = &doom{lasts: -1}
}

// connection is told of every connection that comes and goes.
func (e *executioner) connection(c net.Conn, s http.ConnState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch s {
	case http.StateNew:
		e.open++
		e.seen[c.RemoteAddr().String()] = true
	case http.StateClosed:
		e.open--
	default:
		return
	}
	e.changed.Broadcast()
}

func (e *executioner) kill(d *doom) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !d.killed {
		d.killed = d.process.Kill() == nil // else it has ended by itself
	}
}

// reach kills the process if this is its moment.
func (e *executioner) reach(r *http.Request, d *doom, m moment) {
	switch {
	case d.at != m:
	case m == answered:
		e.mu.Lock()
		defer e.mu.Unlock()
		d.timer = time.AfterFunc(d.patience, func() { e.kill(d) })
	default:
		e.kill(d)
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
}

// ServeHTTP implements http.Handler.
func (e *executioner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // once it is read, the end of the caller is noticed
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.mu.Lock()
	d := e.doom
	e.mu.Unlock()
	switch {
	case r.URL.Path == "/oauth/get_access_token":
		form, _ := url.ParseQuery(string(body)) // what it cannot be is the vendor's to say
		e.renew(w, r, d, form.Get("refresh_token"))
	case strings.HasPrefix(r.URL.Path, "/api/"):
		e.call(w, r, d)
	default:
		e.next.ServeHTTP(w, r)
	}
}

func (e *executioner) renew(w http.ResponseWriter, r *http.Request, d *doom, with string) {
	e.mu.Lock()
	d.renewals++
	switch e.unused {
	case "":
	case with:
		e.kept++
	default:
		e.lost++
	}
	e.unused = ""
	e.mu.Unlock()
	e.reach(r, d, asked)
	answer := httptest.NewRecorder()
	e.next.ServeHTTP(answer, r)
	e.reach(r, d, issued)
	var tokens struct {
		Access  struct{ Token string } `json:"access_token"`
		Refresh struct{ Token string } `json:"refresh_token"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	send(w, answer.Body.Next(answer.Body.Len()/2))
	e.reach(r, d, cut)
	e.mu.Lock()
	d.fresh, d.beside = tokens.Access.Token, tokens.Refresh.Token
	e.mu.Unlock()
	send(w, answer.Body.Bytes())
	e.reach(r, d, answered)
}

// send puts data on the wire; whether somebody takes it is of no interest.
func send(w http.ResponseWriter, data []byte) {
	_, _ = w.Write(data)
	_ = http.NewResponseController(w).Flush()
}

func (e *executioner) call(w http.ResponseWriter, r *http.Request, d *doom) {
	e.mu.Lock()
	if d.renewals == 0 {
		if d.lasts == 0 {
			e.vendor.RevokeAccess()
		}
		d.lasts--
	}
	first := d.fresh != "" && r.Header.Get("Authorization") == "Bearer "+d.fresh
	if first {
		d.fresh = ""
	}
	e.mu.Unlock()
	if !first {
		e.next.ServeHTTP(w, r)
		return
	}
	e.reach(r, d, arrived)
	answer := httptest.NewRecorder()
	e.next.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		e.mu.Lock()
		d.refused = answer.Body.String()
		e.mu.Unlock()
	}
	e.reach(r, d, used)
	forward(w, answer)
}

// forward passes on an answer.
func forward(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	send(w, answer.Body.Bytes())
}
