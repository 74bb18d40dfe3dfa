package lake

import (
	"context"
	"fmt"
	"hash/crc32"
	"strconv"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// phase is where a writer stands:
//
//	loading ─► doubtful ─► done
//	   └──────────┴──────► ended
type phase int

const (
	isLoading phase = iota // takes rows
	doubtful               // committed perhaps, or not published everywhere
	done                   // for good
	ended                  // failed or aborted
)

// writer is one load. Not for concurrent use.
type writer struct {
	sink   *sink
	load   sinks.Load
	tables map[string]fitted // by folder

	place      place
	before     found            // the slice's manifest before Begin
	others     []found          // of the slice, in folders of tables that it filled before
	there      map[string]entry // objects at Begin in the folders of the load's tables
	fenced     int64            // generation of the manifest that Begin wrote
	fencedText manifest

	phase   phase
	failure error // why it ended, for calls that come after
	receipt sinks.Receipt
	next    found // the manifest that was committed

	// Uploads outlive the calls that write into them.
	life   context.Context
	cancel context.CancelCauseFunc

	open   []*output // of the table whose rows come: one for rows, one for rejects
	closed []object
	rows   map[string]int64 // by folder
}

var _ sinks.Writer = (*writer)(nil)

func newWriter(ctx context.Context, s *sink, load sinks.Load, tables map[string]fitted) *writer {
	w := &writer{sink: s, load: load, tables: tables, rows: make(map[string]int64)}
	w.life, w.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return w
}

// output is an object on its way.
type output struct {
	table  string
	staged staged
	enc    encoder
	name   string
	size   int64
	crc    uint32
	rows   int64
}

// Write implements io.Writer for the encoder.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.staged.Write(p)
	o.size += int64(n)
	o.crc = crc32.Update(o.crc, castagnoli, p[:n])
	return n, err
}

// Write implements sinks.Writer.
func (w *writer) Write(ctx context.Context, b *record.Batch) error {
	if b.Table < 0 || b.Table >= len(w.load.Tables) {
		return fault.New(fault.Permanent, "write batch: load has no table %d", b.Table)
	}
	if err := w.follow(ctx, func() error { return w.write(b) }); err != nil {
		return fmt.Errorf("load into %s: %w", w.load.Tables[b.Table].Name, err)
	}
	return nil
}

func (w *writer) write(b *record.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	t := w.load.Tables[b.Table]
	table, shape := t.Name, t.Shape
	if b.Rejects {
		table, shape = t.Name+sinks.RejectsSuffix, t.Shape.Rejects()
	}
	if b.Rejects && t.Rejected == 0 {
		return fault.New(fault.Data, "rows for %s, but none were announced", table)
	}
	if b.Columns() != len(shape.Columns) {
		return fault.New(fault.Permanent, "batch has %d columns, table %s has %d", b.Columns(), table, len(shape.Columns))
	}
	o, err := w.output(t.Name, table)
	if err != nil {
		return err
	}
	if err := o.enc.add(b); err != nil {
		return fmt.Errorf("encode rows: %w", err)
	}
	o.rows += int64(b.Rows())
	w.rows[table] += int64(b.Rows())
	if o.size+int64(o.enc.held()) >= int64(w.sink.layout.PartSize) {
		return w.closeOutputs(func(other *output) bool { return other == o })
	}
	return nil
}

// output returns the object that takes a folder's rows. Those of other tables are
// finished: they get no more rows, or another part if they do.
func (w *writer) output(table, folder string) (*output, error) {
	for _, o := range w.open {
		if o.table == folder {
			return o, nil
		}
	}
	err := w.closeOutputs(func(o *output) bool { return o.table != table && o.table != table+sinks.RejectsSuffix })
	if err != nil {
		return nil, err
	}
	part := 0
	for _, c := range w.closed {
		if c.Table == folder {
			part++
		}
	}
	o := &output{table: folder}
	o.name = w.place.object(folder, part, w.sink.layout.extension())
	staged := w.place.staging() + escape(w.load.LoadID, "") + "-" + folder + "-" + strconv.Itoa(part)
	if o.staged, err = w.sink.store.stage(w.life, staged); err != nil {
		return nil, err
	}
	w.open = append(w.open, o)
	o.enc, err = w.sink.layout.newEncoder(o, w.tables[folder])
	return o, err
}

// closeOutputs finishes those objects that are meant.
func (w *writer) closeOutputs(meant func(*output) bool) error {
	var rest []*output
	for i, o := range w.open {
		if !meant(o) {
			rest = append(rest, o)
			continue
		}
		if err := w.closeOutput(o); err != nil {
			w.open = append(rest, w.open[i:]...)
			return err
		}
	}
	w.open = rest
	return nil
}

func (w *writer) closeOutput(o *output) error {
	if err := o.enc.close(); err != nil {
		return fmt.Errorf("encode rows: %w", err)
	}
	e, err := o.staged.finish(o.size, o.crc)
	if err != nil {
		return err
	}
	w.closed = append(w.closed, object{
		Table: o.table, Name: o.name, Rows: o.rows, Bytes: o.size, CRC32C: o.crc,
		Staged: e.name, StagedGeneration: e.generation, Replaces: w.there[o.name].generation,
	})
	return nil
}

// follow runs one step of the load under the caller's context. After an error the
// load cannot go on.
func (w *writer) follow(ctx context.Context, step func() error) error {
	if w.phase != isLoading {
		return w.over()
	}
	err := ctx.Err()
	if err == nil {
		stop := context.AfterFunc(ctx, func() { w.cancel(context.Cause(ctx)) })
		err = step()
		stop()
	}
	if err != nil {
		if ctx.Err() == nil && fault.ClassOf(err) == fault.Transient && w.takenOver(ctx) {
			err = w.load.TakenOver() // what it had staged was swept
		}
		err = wrap(ctx, err, "write rows")
		w.end(ctx, err)
	}
	return err
}

// takenOver reports whether another writer of the slice is known to have begun.
func (w *writer) takenOver(ctx context.Context) bool {
	now, err := w.sink.read(ctx, w.place)
	return err == nil && now.generation != w.fenced
}

// over explains why nothing more can be written.
func (w *writer) over() error {
	if w.failure != nil {
		return fmt.Errorf("load has ended already: %w", w.failure)
	}
	return fault.New(fault.Permanent, "load has been committed or aborted already")
}
