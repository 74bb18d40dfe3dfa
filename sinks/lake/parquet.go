package lake

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/gzip"

	"exporter/fault"
	"exporter/record"
)

// groupBytes is how much of the batches' bytes goes into one row group; with the
// buffers of its pages it bounds what an object takes of memory.
const groupBytes = 16 << 20

// chunk is the number of cells of a column that are handed over at once.
const chunk = 512

// columnar writes an object of Parquet. Every column is optional, because a column
// that one slice requires may be missing in another.
type columnar struct {
	table   string
	w       *parquet.GenericWriter[any]
	columns []column
	values  []parquet.Value
	digits  []byte // of the decimals among values
	group   int    // bytes of the batches in the row group
}

func newParquet(w io.Writer, compression string, t fitted) *columnar {
	root := group{Group: parquet.Group{}}
	options := []parquet.WriterOption{
		parquet.Compression(codecs[compression]), parquet.CreatedBy("exporter", "1", "lake"),
		parquet.KeyValueMetadata("description", t.shape.Description),
	}
	for _, c := range t.columns {
		root.add(c.Name, parquet.Optional(node(c.Type)))
		if c.Description != "" {
			options = append(options, parquet.KeyValueMetadata("column:"+c.Name, c.Description))
		}
		if c.Type == record.Numeric {
			options = append(options, parquet.SkipPageBounds(c.Name), parquet.SkipPageStatistics(c.Name))
		}
	}
	return &columnar{
		table: t.folder, columns: t.columns, values: make([]parquet.Value, chunk), digits: make([]byte, chunk*decimalBytes),
		w: parquet.NewGenericWriter[any](w, append(options, parquet.NewSchema(t.folder, root))...),
	}
}

// codecs of pages.
var codecs = map[string]compress.Codec{
	"zstd": &pageCodec{},
	"gzip": &gzip.Codec{Level: gzip.BestSpeed},
	"none": &parquet.Uncompressed,
}

// node is the type of a column. Whole numbers and times are kept as differences, which
// are short where ids and times go up: files are a third smaller, and made sooner.
func node(t record.Type) parquet.Node {
	switch t {
	case record.Integer:
		return differences(parquet.Leaf(parquet.Int64Type))
	case record.Numeric:
		return decimalNode
	case record.Float:
		return parquet.Leaf(parquet.DoubleType)
	case record.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case record.Date:
		return differences(parquet.Date())
	case record.Timestamp:
		return differences(parquet.TimestampAdjusted(parquet.Microsecond, true))
	case record.LocalTime:
		return differences(parquet.TimestampAdjusted(parquet.Microsecond, false))
	case record.JSON:
		return parquet.JSON()
	default:
		return parquet.String()
	}
}

func differences(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaBinaryPacked) }

// group is a schema whose columns keep their order.
type group struct {
	parquet.Group
	fields []parquet.Field
}

type field struct {
	parquet.Field // of a group with nothing else in it
}

func (g *group) add(name string, n parquet.Node) {
	g.Group[name] = n
	g.fields = append(g.fields, field{parquet.Group{name: n}.Fields()[0]})
}

// Fields implements parquet.Node.
func (g group) Fields() []parquet.Field { return g.fields }

func (p *columnar) add(b *record.Batch) error {
	writers := p.w.ColumnWriters()
	for col := range p.columns {
		for row := 0; row < b.Rows(); row += chunk {
			n := min(chunk, b.Rows()-row)
			if err := p.fill(b, row, n, col); err != nil {
				return err
			}
			if _, err := writers[col].WriteRowValues(p.values[:n]); err != nil {
				return err
			}
		}
	}
	if p.group += b.Size(); p.group >= groupBytes {
		return p.flush()
	}
	return nil
}

func (p *columnar) fill(b *record.Batch, first, n, col int) error {
	c := &p.columns[col]
	none := parquet.NullValue().Level(0, 0, col)
	for i := range n {
		cell, null := c.of(b, first+i)
		if null {
			p.values[i] = none
			continue
		}
		var v parquet.Value
		switch c.Type {
		case record.Integer, record.Timestamp, record.LocalTime:
			v = parquet.Int64Value(record.Int(cell))
		case record.Float:
			v = parquet.DoubleValue(record.Float64(cell))
		case record.Boolean:
			v = parquet.BooleanValue(cell[0] != 0)
		case record.Date:
			v = parquet.Int32Value(record.Days(cell))
		case record.Numeric:
			to := p.digits[i*decimalBytes : (i+1)*decimalBytes]
			if c.cell == record.Integer {
				putInteger(to, record.Int(cell))
			} else if !putDecimal(to, cell) {
				return p.tooLarge(c.Name, cell)
			}
			v = parquet.FixedLenByteArrayValue(to)
		default:
			v = parquet.ByteArrayValue(cell)
		}
		p.values[i] = v.Level(0, 1, col)
	}
	return nil
}

func (p *columnar) tooLarge(column string, cell []byte) error {
	const most = 64
	return fault.New(fault.Data, "column %s of table %s has %.*q, which DECIMAL(38,9) of Parquet cannot hold", column, p.table, most, cell).
		WithHint(`The slice was not committed; its old rows stay. Write %s = "text" or "drop" in [jobs.NAME.columns], or format = "csv" in the sink.`, column)
}

func (p *columnar) held() int { return p.group }

func (p *columnar) flush() error {
	p.group = 0
	return p.w.Flush()
}

func (p *columnar) close() error { return p.w.Close() }
