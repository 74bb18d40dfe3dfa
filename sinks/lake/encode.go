package lake

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"exporter/record"
)

// encoder writes the rows of one object.
type encoder interface {
	add(b *record.Batch) error
	// held is what was added and is not yet on its way, at most.
	held() int
	close() error
}

// extension of objects of a layout.
func (l Layout) extension() string {
	if l.Format == "parquet" {
		return ".parquet"
	}
	return "." + l.Format + map[string]string{"zstd": ".zst", "gzip": ".gz"}[l.Compression]
}

// contentType is that of objects. A compressed object says what it is and has no
// Content-Encoding, so that nobody unpacks it on the way.
func contentType(name string) string {
	for _, t := range []struct{ end, text string }{
		{".json", "application/json"},
		{".parquet", "application/vnd.apache.parquet"},
		{".zst", "application/zstd"},
		{".gz", "application/gzip"},
		{".csv", "text/csv; charset=utf-8; header=present"},
		{".jsonl", "application/x-ndjson"},
	} {
		if len(name) > len(t.end) && name[len(name)-len(t.end):] == t.end {
			return t.text
		}
	}
	return "application/octet-stream"
}

// newEncoder begins an object of a table.
func (l Layout) newEncoder(w io.Writer, t fitted) (encoder, error) {
	if l.Format == "parquet" {
		return newParquet(w, l.Compression, t), nil
	}
	packed, err := l.pack(w)
	if err != nil {
		return nil, fmt.Errorf("begin to compress: %w", err)
	}
	if l.Format == "csv" {
		return newText(packed, csvHeader(t.columns), csvRow(t.columns)), nil
	}
	return newText(packed, nil, jsonRow(t.columns)), nil
}

// pack compresses what is written.
func (l Layout) pack(w io.Writer) (io.WriteCloser, error) {
	switch l.Compression {
	case "zstd":
		// One block at a time: loads run side by side.
		return zstd.NewWriter(w, fastest(textWindow, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))...)
	case "gzip":
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	}
	return plain{w}, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// flushAt is how much text is gathered before it is handed on.
const flushAt = 128 << 10

// text writes rows as lines.
type text struct {
	w   io.WriteCloser
	row func(dst []byte, b *record.Batch, row int) []byte
	buf []byte
}

func newText(w io.WriteCloser, header []byte, row func(dst []byte, b *record.Batch, row int) []byte) *text {
	return &text{w: w, row: row, buf: header}
}

func (t *text) add(b *record.Batch) error {
	for row := range b.Rows() {
		t.buf = t.row(t.buf, b, row)
		if len(t.buf) >= flushAt {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *text) held() int { return len(t.buf) }

func (t *text) flush() error {
	_, err := t.w.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}

func (t *text) close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.w.Close()
}
