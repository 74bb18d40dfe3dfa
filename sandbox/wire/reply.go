// Package wire sends the answers of all rooms: packed when the caller takes it,
// through the fault its call was given, with the wait a limit asks for.
package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"exporter/sandbox/faults"

	"github.com/klauspost/compress/gzip"
)

// Reply writes one answer, through the fault the call was given.
type Reply struct {
	W     http.ResponseWriter
	R     *http.Request
	Fault *faults.Fault
	Plain bool // never packed, not even for a caller that takes gzip
}

// The fastest level: the sandbox must not be slower than what is measured with it.
var gzipWriters = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return z
}}

// Broken answers a call whose fault replaces the answer and reports whether it did.
func (rep *Reply) Broken() bool {
	done, err := rep.Fault.Answer(rep.W)
	return done || err != nil
}

// Body sends status and headers and hands write the place for the document. An
// error of write means that the caller is gone or was cut off; nobody is left to tell.
func (rep *Reply) Body(status int, contentType string, write func(io.Writer) error) {
	h := rep.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Vary", "Accept-Encoding")
	zipped := !rep.Plain && strings.Contains(rep.R.Header.Get("Accept-Encoding"), "gzip")
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	rep.W.WriteHeader(status)
	wire := rep.Fault.Wire(rep.R.Context(), rep.W, zipped)
	if !zipped {
		_ = write(rep.Fault.Plain(wire, false))
		return
	}
	z, ok := gzipWriters.Get().(*gzip.Writer)
	if !ok {
		panic("wire: the pool of gzip writers holds something else")
	}
	defer gzipWriters.Put(z)
	z.Reset(wire)
	if write(rep.Fault.Plain(z, true)) == nil {
		_ = z.Close()
	}
}

// Bytes sends a small document.
func (rep *Reply) Bytes(status int, contentType string, doc []byte) {
	rep.Body(status, contentType, func(w io.Writer) error {
		_, err := w.Write(doc)
		return err
	})
}

// JSON sends a small value as JSON.
func (rep *Reply) JSON(status int, v any) {
	doc, err := json.Marshal(v)
	if err != nil {
		http.Error(rep.W, err.Error(), http.StatusInternalServerError)
		return
	}
	rep.Bytes(status, "application/json", doc)
}
