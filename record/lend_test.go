package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
)

// TestLend: what is lent is there once, whole, and whoever builds on begins anew; no
// memory is asked for when the next rows are as many.
func TestLend(t *testing.T) {
	table := record.Table{Columns: []record.Column{{Name: "n", Type: record.Integer}, {Name: "s", Type: record.Text}}}
	b := record.NewBuilder(0, table, nil)
	add := func(n int) {
		b.Integer(int64(n))
		b.Text([]byte("a text that takes some room"))
		if n%10 == 9 {
			b.Integer(0) // a cell too many
		}
		b.EndRow(func() []byte { return []byte(`{}`) })
	}
	lent := func() (n []int64, rejects int) {
		if err := b.Lend(func(batch, rejected record.Batch) error {
			for row := range batch.Rows() {
				cell, _ := batch.Cell(row, 0)
				n = append(n, record.Int(cell))
			}
			rejects = rejected.Rows()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n, rejects
	}
	for round := range 3 {
		var want []int64
		for i := range 25 {
			if add(100*round + i); i%10 != 9 {
				want = append(want, int64(100*round+i))
			}
		}
		b.Integer(7) // of a row that is never finished
		got, rejects := lent()
		if d := cmp.Diff(want, got); d != "" || rejects != 2 || b.Rows() != 0 {
			t.Errorf("round %d: %d rejects, %d rows are left, rows (-want +got):\n%s", round, rejects, b.Rows(), d)
		}
	}
	failed := errors.New("the disk is full")
	add(1)
	if err := b.Lend(func(record.Batch, record.Batch) error { return failed }); !errors.Is(err, failed) || b.Rows() != 0 {
		t.Errorf("error %v, %d rows are left", err, b.Rows())
	}
	if n := testing.AllocsPerRun(10, func() {
		for i := range 9 {
			add(i)
		}
		_ = b.Lend(func(record.Batch, record.Batch) error { return nil })
	}); n > 0 {
		t.Errorf("%v allocations for rows that there is room for", n)
	}
	huge := bytes.Repeat([]byte("a"), 8<<20)
	b.Integer(1)
	b.Text(huge)
	b.EndRow(nil)
	_ = b.Lend(func(record.Batch, record.Batch) error { return nil })
	if n := record.Room(b); n >= len(huge) {
		t.Errorf("%d bytes are kept after a huge row", n)
	}
	add(2)
	if got, _ := lent(); fmt.Sprint(got) != "[2]" {
		t.Errorf("after a huge row: rows %v", got)
	}
	document := record.NewBuilder(0, record.Table{Columns: []record.Column{{Name: "d", Type: record.JSON}}}, nil)
	document.Text(append(append([]byte{'"'}, huge...), '"'))
	document.EndRow(nil)
	_ = document.Lend(func(record.Batch, record.Batch) error { return nil })
	if n := record.Room(document); n >= len(huge) {
		t.Errorf("%d bytes are kept after a huge document", n)
	}
}

// TestTextWithOneOddByte: wherever a byte stands that a sink cannot store, it is found,
// and whatever else there is stays.
func TestTextWithOneOddByte(t *testing.T) {
	table := record.Table{Columns: []record.Column{{Name: "s", Type: record.Text}}}
	b := record.NewBuilder(0, table, nil)
	for n := range 40 {
		for at := range n {
			for _, odd := range []byte{0, 1, '\t', 0x7f, 0x80, 0xff, 'x'} {
				s := bytes.Repeat([]byte("a"), n)
				s[at] = odd
				want := string(s)
				switch odd {
				case 0:
					want = want[:at] + want[at+1:]
				case 0x80, 0xff:
					want = want[:at] + "\ufffd" + want[at+1:]
				}
				b.Text(s)
				b.EndRow(nil)
				_ = b.Lend(func(batch, _ record.Batch) error {
					if got, _ := batch.Cell(0, 0); string(got) != want {
						t.Errorf("%q became %q, want %q", s, got, want)
					}
					return nil
				})
			}
		}
	}
}
