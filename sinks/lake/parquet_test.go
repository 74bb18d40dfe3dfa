package lake_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks/lake"
)

// only reads the only object of a table.
func only(t testing.TB, from objects, table string) (string, []byte) {
	t.Helper()
	names, err := from.names()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n, table+"/dt=") && !strings.HasPrefix(path.Base(n), "_") {
			content, err := from.get(n, 0)
			if err != nil {
				t.Fatal(err)
			}
			return n, content
		}
	}
	t.Fatalf("table %s has no object in %v", table, names)
	return "", nil
}

// TestParquetTypes: columns keep their order, and have the types that readers know.
func TestParquetTypes(t *testing.T) {
	shape := record.Table{Description: "All types.", Columns: []record.Column{
		{Name: "s", Type: record.Text, Required: true, Description: "A text."},
		{Name: "i", Type: record.Integer},
		{Name: "n", Type: record.Numeric},
		{Name: "f", Type: record.Float},
		{Name: "b", Type: record.Boolean},
		{Name: "d", Type: record.Date},
		{Name: "at", Type: record.Timestamp},
		{Name: "at_local", Type: record.LocalTime},
		{Name: "j", Type: record.JSON},
	}}
	b := record.NewBuilder(0, shape, nil)
	for _, cell := range []string{"x", "-5", "-1.25", "0.5", "true", "2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00", `{"a": 1}`} {
		b.Raw([]byte(cell))
	}
	b.EndRow(nil)
	rows, _ := b.Take()
	dir := t.TempDir()
	if err := try(t, openFiles(t, dir, layout("parquet", "gzip")), loadOf(shape, &rows), &rows); err != nil {
		t.Fatal(err)
	}
	_, content := only(t, folder(dir), "facts")
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range file.Schema().Fields() {
		got = append(got, f.Name()+" "+strings.TrimSuffix(strings.TrimPrefix(f.String(), "facts."+f.Name()+": optional "), ";"))
	}
	want := []string{
		"s binary (STRING)", "i int64 (INT(64,true))", "n fixed_len_byte_array(16) (DECIMAL(38,9))", "f double", "b boolean", "d int32 (DATE)",
		"at int64 (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS))", "at_local int64 (TIMESTAMP(isAdjustedToUTC=false,unit=MICROS))", "j binary (JSON)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	if text, _ := file.Lookup("column:s"); text != "A text." {
		t.Errorf("the description of column s is %q", text)
	}
	if text, _ := file.Lookup("description"); text != "All types." {
		t.Errorf("the description of the table is %q", text)
	}
}

// TestDecimals: every decimal that fits is kept as it is, and no other is taken.
func TestDecimals(t *testing.T) {
	for d, fits := range map[string]bool{
		"0": true, "-0.000000001": true, "0.0000000010000": true, "0.0000000001": false,
		"99999999999999999999999999999.999999999": true, "-99999999999999999999999999999.999999999": true,
		"100000000000000000000000000000": false, "-100000000000000000000000000000.0": false, "0.1234567895": false,
	} {
		if _, ok := lake.PutDecimal(d); ok != fits {
			t.Errorf("%s fits: %v, want %v", d, ok, fits)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,11})?`).Draw(t, "d")
		want, ok := new(big.Rat).SetString(d)
		if !ok {
			t.Fatal(d)
		}
		want.Mul(want, new(big.Rat).SetInt64(1e9))
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
		fits := want.IsInt() && new(big.Int).Abs(want.Num()).Cmp(limit) < 0
		b, ok := lake.PutDecimal(d)
		if ok != fits {
			t.Fatalf("%s fits: %v, want %v", d, ok, fits)
		}
		if !ok {
			return
		}
		got := new(big.Int).SetUint64(binary.BigEndian.Uint64(b))
		got.Lsh(got, 64).Add(got, new(big.Int).SetUint64(binary.BigEndian.Uint64(b[8:])))
		if b[0] >= 0x80 {
			got.Sub(got, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		if got.Cmp(want.Num()) != 0 {
			t.Fatalf("%s became %s billionths", d, got)
		}
	})
}

// numbers has one column n.
func numbers(t testing.TB, values ...string) (record.Table, *record.Batch) {
	t.Helper()
	shape := record.Table{Columns: []record.Column{{Name: "id", Type: record.Integer}, {Name: "n", Type: record.Numeric}}}
	b := record.NewBuilder(0, shape, nil)
	for i, v := range values {
		b.Integer(int64(i))
		b.Raw([]byte(v))
		if !b.EndRow(nil) {
			t.Fatalf("%s is no number", v)
		}
	}
	rows, _ := b.Take()
	return shape, &rows
}

// TestTooLarge: a number that Parquet has no room for refuses the slice, and says
// which it is.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	s := openFiles(t, dir, layout("parquet", "zstd"))
	shape, good := numbers(t, "1.5", "-2")
	if err := try(t, s, loadOf(shape, good), good); err != nil {
		t.Fatal(err)
	}
	_, bad := numbers(t, "1", "0.1234567891")
	err := try(t, s, loadOf(shape, bad), bad)
	if fault.ClassOf(err) != fault.Data || !strings.Contains(err.Error(), `column n of table facts has "0.1234567891"`) || fault.HintOf(err) == "" {
		t.Errorf("got %v (class %s, hint %q)", err, fault.ClassOf(err), fault.HintOf(err))
	}
	got, err := table(folder(dir), "facts", shape.Columns)
	if d := cmp.Diff([][]string{{"0", "1.5"}, {"1", "-2"}}, got); d != "" || err != nil {
		t.Errorf("rows (-want +got):\n%s%v", d, err)
	}
}

// TestDecimalBounds: what a file says of the bounds of a decimal's pages is true, so
// that no reader skips a page that has what it looks for.
func TestDecimalBounds(t *testing.T) {
	dir := t.TempDir()
	shape, rows := numbers(t, "-5", "3", "-0.5", "100")
	if err := try(t, openFiles(t, dir, layout("parquet", "zstd")), loadOf(shape, rows), rows); err != nil {
		t.Fatal(err)
	}
	_, content := only(t, folder(dir), "facts")
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if s := file.Metadata().RowGroups[0].Columns[1].MetaData.Statistics; len(s.MinValue)+len(s.MaxValue)+len(s.Min)+len(s.Max) > 0 {
		t.Errorf("the column has bounds %x to %x", s.MinValue, s.MaxValue)
	}
	index := file.ColumnIndexes()[1]
	if len(index.MinValues) != 1 || len(index.MaxValues) != 1 || index.NullPages[0] {
		t.Fatalf("the index of pages is %+v", index)
	}
	for _, v := range []string{"-5", "3", "-0.5", "100"} {
		b, _ := lake.PutDecimal(v)
		if signed(index.MinValues[0]).Cmp(signed(b)) > 0 || signed(index.MaxValues[0]).Cmp(signed(b)) < 0 {
			t.Errorf("%s lies outside of %x to %x", v, index.MinValues[0], index.MaxValues[0])
		}
	}
	if s := file.Metadata().RowGroups[0].Columns[0].MetaData.Statistics; len(s.MinValue) == 0 {
		t.Error("integers have no bounds")
	}
}

func signed(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
