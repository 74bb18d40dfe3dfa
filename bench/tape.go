package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
)

// base is the set of answers that every other set stands on.
const base = "base"

// tape keeps a vendor's answers in a folder, a file for each body, so that they
// can be served again for next to nothing. An answer is found by its request and
// by the set that is in force; what a set does not have is looked for in base.
type tape struct {
	dir string

	mu      sync.Mutex
	set     string
	answers map[string]answer // by set and request
	files   int
}

// answer is a line of the tape's index.
type answer struct {
	Key    string      `json:"key"`
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	File   string      `json:"file"`
}

const indexName = "index.jsonl"

// openTape reads what is recorded in a folder.
func openTape(dir string) (*tape, error) {
	t := &tape{dir: dir, set: base, answers: map[string]answer{}}
	index, err := os.Open(filepath.Join(dir, indexName))
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = index.Close() }() // only read
	for lines := json.NewDecoder(index); ; t.files++ {
		var a answer
		if err := lines.Decode(&a); errors.Is(err, io.EOF) {
			return t, nil
		} else if err != nil {
			return nil, fmt.Errorf("read %s: %w", index.Name(), err)
		}
		t.answers[a.Key] = a
	}
}

// use puts another set in force.
func (t *tape) use(set string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = set
}

var dates = regexp.MustCompile(`\d{4}-\d{2}-\d{2}`)

// keyOf names a request, without its login. A look at one row, by which a source
// learns the columns of a report, is about yesterday and keeps its answer tomorrow.
func keyOf(r *http.Request, body []byte) string {
	if bytes.Contains(body, []byte(`"page_limit":1,`)) {
		body = dates.ReplaceAll(body, nil)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n%s\n%s\n", r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Accept"), r.Header.Get("Configid"))
	_, _ = h.Write(body) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// find returns the answer to a request.
func (t *tape) find(key string) (answer, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.answers[t.set+" "+key]
	if !ok {
		a, ok = t.answers[base+" "+key]
	}
	return a, ok
}

// create begins an answer's body.
func (t *tape) create() (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files++
	return os.Create(filepath.Join(t.dir, strconv.Itoa(t.files)))
}

// add notes an answer whose body is complete. The last answer to a request counts.
func (t *tape) add(key string, a answer) (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.Key = t.set + " " + key
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	index, err := os.OpenFile(filepath.Join(t.dir, indexName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	t.answers[a.Key] = a
	_, err = index.Write(append(line, '\n'))
	return err
}

// play answers a request as it was answered when it was recorded, and returns how
// many bytes that took.
func (t *tape) play(w http.ResponseWriter, r *http.Request) int64 {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0 // the caller is gone
	}
	a, ok := t.find(keyOf(r, body))
	if !ok {
		http.Error(w, fmt.Sprintf("not on the tape: %s %s %s", r.Method, r.URL, body), http.StatusNotImplemented)
		return 0
	}
	f, err := os.Open(filepath.Join(t.dir, a.File))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return 0
	}
	defer func() { _ = f.Close() }() // only read
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if info, err := f.Stat(); err == nil {
		w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	}
	w.WriteHeader(a.Status)
	n, _ := io.Copy(w, f) // the kernel copies; the caller may be gone
	return n
}

// record answers a request by next and keeps the answer.
func (t *tape) record(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f, err := t.create()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	tee := &teeing{ResponseWriter: w, body: f, status: http.StatusOK}
	next.ServeHTTP(tee, r)
	header := w.Header().Clone()
	for _, name := range []string{"Date", "Content-Length", "Connection"} {
		header.Del(name)
	}
	err = errors.Join(tee.err, f.Close())
	if err == nil {
		err = t.add(keyOf(r, body), answer{Status: tee.status, Header: header, File: filepath.Base(f.Name())})
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half an answer, so that the run fails
	}
}

// teeing writes an answer into a file as well.
type teeing struct {
	http.ResponseWriter
	body   *os.File
	status int
	err    error
}

func (t *teeing) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (t *teeing) Write(p []byte) (int, error) {
	if _, err := t.body.Write(p); err != nil {
		t.err = err
		return 0, err
	}
	return t.ResponseWriter.Write(p)
}
