package hasoffers

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"exporter/sandbox/faults"

	"github.com/klauspost/compress/gzip"
)

// reply writes one answer, through the fault the call was given.
type reply struct {
	w     http.ResponseWriter
	r     *http.Request
	fault *faults.Fault
	gzip  Gzip
}

// The fastest level: the sandbox must not be slower than what is measured with it.
var gzipWriters = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return z
}}

// broken answers a call whose fault replaces the answer and reports whether it did.
func (rep *reply) broken() bool {
	done, err := rep.fault.Answer(rep.w)
	return done || err != nil
}

// body sends status and headers and hands write the place for the document. An
// error of write means that the caller is gone or was cut off; nobody is left to tell.
func (rep *reply) body(status int, contentType string, write func(io.Writer) error) {
	h := rep.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Vary", "Accept-Encoding")
	zipped := rep.gzip != GzipOff && strings.Contains(rep.r.Header.Get("Accept-Encoding"), "gzip")
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	rep.w.WriteHeader(status)
	wire := rep.fault.Wire(rep.r.Context(), rep.w, zipped)
	if !zipped {
		_ = write(rep.fault.Plain(wire, false))
		return
	}
	z, ok := gzipWriters.Get().(*gzip.Writer)
	if !ok {
		panic("hasoffers: the pool of gzip writers holds something else")
	}
	defer gzipWriters.Put(z)
	z.Reset(wire)
	if write(rep.fault.Plain(z, true)) == nil {
		_ = z.Close()
	}
}

// bytes sends a small document.
func (rep *reply) bytes(status int, contentType string, doc []byte) {
	rep.body(status, contentType, func(w io.Writer) error {
		_, err := w.Write(doc)
		return err
	})
}

// json sends a small value as JSON.
func (rep *reply) json(status int, v any) {
	doc, err := json.Marshal(v)
	if err != nil {
		http.Error(rep.w, err.Error(), http.StatusInternalServerError)
		return
	}
	rep.bytes(status, "application/json", doc)
}
