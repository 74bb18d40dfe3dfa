package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// reading is everything a Read yielded.
type reading struct {
	rows        map[string][]Row // by table name
	tallies     []*record.Tally  // by table
	count       int64            // rows of all tables, rejects included
	first       int64            // and of the first, which is the one that is announced
	announced   int64
	provisional bool
	ended       bool // the last page carried a checkpoint
	marks       []mark
	err         error
}

// mark is a checkpoint with what had been read until then.
type mark struct {
	at           sources.Checkpoint
	tallies      [][]byte
	count, first int64
}

// rig is one opened source with its log.
type rig struct {
	h      *Harness
	source sources.Source
	log    *syncBuffer
	stream sources.Stream
	told   atomic.Int64 // requests, by OnRequest
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (h *Harness) rig(t *testing.T, pageSize int) *rig {
	t.Helper()
	r := &rig{h: h, log: new(syncBuffer)}
	r.source = h.Open(t, Setup{
		PageSize: pageSize, Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnRequest: func(int, time.Duration) { r.told.Add(1) },
	})
	list, err := r.source.Streams(t.Context())
	if err != nil {
		t.Fatalf("streams: %v", err)
	}
	i := slices.IndexFunc(list, func(s sources.Stream) bool { return s.Name == h.Stream })
	if i < 0 {
		t.Fatalf("streams: got %v, want %s among them", list, h.Stream)
	}
	r.stream = list[i]
	t.Cleanup(func() { h.keepSecrets(t, "log", r.log.String()) })
	return r
}

func (r *rig) request(interval sources.Interval) sources.Request {
	return sources.Request{Stream: r.stream, Part: r.h.Part, Interval: interval, Zone: r.h.Zone}
}

// read collects a Read, continuing the tallies of from if it is not nil.
func (r *rig) read(ctx context.Context, t *testing.T, req sources.Request, from *mark) *reading {
	t.Helper()
	got := &reading{rows: map[string][]Row{}, announced: sources.Unknown}
	for i, table := range req.Stream.Tables {
		got.tallies = append(got.tallies, record.NewTally(table))
		if from != nil {
			if err := got.tallies[i].Restore(from.tallies[i]); err != nil {
				t.Fatalf("restore tally: %v", err)
			}
		}
	}
	if from != nil {
		req.After, got.count, got.first = from.at, from.count, from.first
	}
	for page, err := range r.source.Read(ctx, req) {
		if got.err != nil {
			t.Fatalf("the read went on after its error %v", got.err)
		}
		if err != nil {
			got.err = err
			r.checkError(t, err)
			continue
		}
		got.add(t, r.h, req.Stream, page)
	}
	return got
}

func (r *rig) checkError(t *testing.T, err error) {
	t.Helper()
	var classified *fault.Error
	if !errors.As(err, &classified) && fault.ClassOf(err) == fault.Permanent {
		t.Errorf("error without a class: %v", err)
	}
	r.h.keepSecrets(t, "error", err.Error()+" "+fault.HintOf(err))
}

func (g *reading) add(t *testing.T, h *Harness, stream sources.Stream, page sources.Page) {
	t.Helper()
	b := &page.Batch
	if b.Rows() > 0 {
		if b.Table < 0 || b.Table >= len(stream.Tables) {
			t.Fatalf("batch of table %d, the stream has %d", b.Table, len(stream.Tables))
		}
		table := stream.Tables[b.Table]
		if b.Columns() != len(table.Columns) {
			t.Fatalf("batch of %d columns, table %q has %d", b.Columns(), table.Name, len(table.Columns))
		}
		g.tallies[b.Table].Add(b)
		for row := range b.Rows() {
			g.rows[table.Name] = append(g.rows[table.Name], render(t, h, table, b, row))
		}
	}
	if n := page.Rejects.Rows(); n > 0 && !page.Rejects.Rejects {
		t.Errorf("%d rejects in a batch that is not marked as one", n)
	}
	n := int64(b.Rows() + page.Rejects.Rows())
	g.count += n
	if b.Table == 0 {
		g.first += n
	}
	g.announced, g.provisional, g.ended = page.Announced, page.Provisional, page.Next != nil
	h.keepSecrets(t, "warning", page.Warning)
	if page.Next == nil {
		return
	}
	if k := page.Next.Kind; k != sources.Keyset && k != sources.Position {
		t.Errorf("checkpoint of kind %q", k)
	}
	if !json.Valid(page.Next.Cursor) {
		t.Errorf("cursor is not JSON: %s", page.Next.Cursor)
	}
	h.keepSecrets(t, "checkpoint", string(page.Next.Cursor))
	m := mark{at: *page.Next, count: g.count, first: g.first}
	for _, tally := range g.tallies {
		text, err := tally.MarshalJSON()
		if err != nil {
			t.Fatalf("write tally: %v", err)
		}
		m.tallies = append(m.tallies, text)
	}
	g.marks = append(g.marks, m)
}

// whole checks that a reading came to a good end.
func (g *reading) whole(t *testing.T) {
	t.Helper()
	switch {
	case g.err != nil:
		t.Fatalf("read: %v", g.err)
	case !g.ended:
		t.Error("the last page carries no checkpoint")
	case g.announced != sources.Unknown && g.announced != g.first && !g.provisional:
		t.Errorf("announced %d rows of the first table, read %d", g.announced, g.first)
	}
}

func (h *Harness) keepSecrets(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range h.Secrets {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("%s holds a secret: %s", where, strings.ReplaceAll(text, secret, "<secret>"))
		}
	}
}

// render writes a row in text and checks that every cell has its type's bytes.
func render(t *testing.T, h *Harness, table record.Table, b *record.Batch, row int) Row {
	t.Helper()
	out := Row{}
	for col, c := range table.Columns {
		cell, null := b.Cell(row, col)
		if null {
			if c.Required {
				t.Errorf("required column %s is null", c.Name)
			}
			continue
		}
		text, err := renderCell(c.Type, cell)
		if err != nil {
			t.Errorf("column %s: %v", c.Name, err)
		}
		h.keepSecrets(t, "column "+c.Name, text)
		if h.Columns == nil || slices.Contains(h.Columns, c.Name) {
			out[c.Name] = text
		}
	}
	return out
}

func renderCell(typ record.Type, cell []byte) (string, error) {
	sizes := map[record.Type]int{
		record.Integer: 8, record.Float: 8, record.Timestamp: 8, record.LocalTime: 8, record.Date: 4, record.Boolean: 1,
	}
	if n, fixed := sizes[typ]; fixed && len(cell) != n {
		return "", fmt.Errorf("%d bytes in a cell of type %s", len(cell), typ)
	}
	switch typ {
	case record.Integer:
		return strconv.FormatInt(record.Int(cell), 10), nil
	case record.Float:
		return strconv.FormatFloat(record.Float64(cell), 'g', -1, 64), nil
	case record.Boolean:
		return strconv.FormatBool(cell[0] == 1), nil
	case record.Date:
		return time.Unix(int64(record.Days(cell))*86400, 0).UTC().Format(time.DateOnly), nil
	case record.Timestamp:
		return time.UnixMicro(record.Int(cell)).UTC().Format(time.RFC3339Nano), nil
	case record.LocalTime:
		return time.UnixMicro(record.Int(cell)).UTC().Format("2006-01-02 15:04:05.999999"), nil
	case record.Numeric:
		canonical, err := record.AppendDecimal(nil, cell)
		if err != nil || string(canonical) != string(cell) {
			return "", fmt.Errorf("%q is not a canonical decimal", cell)
		}
	case record.JSON:
		if !json.Valid(cell) {
			return "", fmt.Errorf("%q is not JSON", cell)
		}
	case record.Text:
	}
	return string(cell), nil
}
