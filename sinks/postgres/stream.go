package postgres

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"exporter/record"
)

// chunk is what pgconn sends in one message, less its header: a chunk handed
// over is sent while the next one is encoded.
const chunk = 65536 - 5

var errAborted = errors.New("load was aborted")

// stream is one COPY in flight: rows are pushed into it, pgconn pulls them out
// in a goroutine that ends with finish or abort.
type stream struct {
	table  string
	rows   int64
	enc    *encoder
	buf    []byte
	pipe   *io.PipeWriter
	done   chan struct{}
	copied int64 // valid after done
	err    error // valid after done
}

// startStream begins COPY of a table's rows into a relation, its name quoted, on
// the connection of tx. Ending ctx ends the connection with it.
func startStream(ctx context.Context, tx pgx.Tx, into, table string, columns []record.Column, enc *encoder) *stream {
	sql := "COPY " + into + " (" + strings.Join(withLineage(columns), ", ") + ") FROM STDIN (FORMAT binary)"

	r, w := io.Pipe()
	s := &stream{table: table, enc: enc, pipe: w, done: make(chan struct{})}
	s.buf = append(make([]byte, 0, 2*chunk), header...)
	go func() {
		defer close(s.done)
		tag, err := tx.Conn().PgConn().CopyFrom(ctx, r, sql)
		s.copied, s.err = tag.RowsAffected(), err
		// pgconn may leave a reader behind, and a push may be waiting for one.
		_ = r.CloseWithError(errors.Join(errAborted, err)) // never fails
	}()
	return s
}

// withLineage returns the quoted names of columns and those that follow them.
func withLineage(columns []record.Column) []string {
	names := make([]string, 0, len(columns)+2)
	for _, c := range columns {
		names = append(names, ident(c.Name))
	}
	return append(names, sliceColumn, loadedColumn)
}

// push encodes and hands over the rows of a batch.
func (s *stream) push(b *record.Batch) error {
	for row := range b.Rows() {
		var err error
		if s.buf, err = s.enc.appendRow(s.buf, b, row); err != nil {
			return err
		}
		if len(s.buf) >= chunk {
			if err := s.flush(chunk); err != nil {
				return err
			}
		}
	}
	s.rows += int64(b.Rows())
	return nil
}

// flush hands over whole pieces of the given size and keeps the rest.
func (s *stream) flush(size int) error {
	sent := 0
	for ; len(s.buf)-sent >= size; sent += size {
		if _, err := s.pipe.Write(s.buf[sent : sent+size]); err != nil {
			return s.broken()
		}
	}
	s.buf = s.buf[:copy(s.buf, s.buf[sent:])]
	return nil
}

// finish ends the COPY and returns how many rows the server took.
func (s *stream) finish() (int64, error) {
	s.buf = append(s.buf, trailer...)
	if _, err := s.pipe.Write(s.buf); err != nil {
		return 0, s.broken()
	}
	_ = s.pipe.Close() // never fails
	<-s.done
	return s.copied, s.err
}

// broken returns why the COPY takes no more rows.
func (s *stream) broken() error {
	<-s.done
	if s.err == nil {
		return io.ErrUnexpectedEOF // the server ended it without a word
	}
	return s.err
}

// abort makes the server drop the COPY. It returns when the goroutine is gone.
func (s *stream) abort() {
	_ = s.pipe.CloseWithError(errAborted) // never fails
	<-s.done
}
