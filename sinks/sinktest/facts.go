package sinktest

import (
	"crypto/rand"
	"strconv"
	"testing"

	"exporter/record"
	"exporter/sinks"
)

// Facts is a table for the tests of one sink.
var Facts = record.Table{
	Description: "Facts of the vendor's report.",
	Columns: []record.Column{
		{Name: "id", Type: record.Integer, Required: true},
		{Name: "name", Type: record.Text, Origin: "Campaign Name", Description: `What it's "called" \ here.`},
		{Name: "amount", Type: record.Numeric, Description: "Net."},
	},
}

// Day is the day of [LoadOf].
var Day = day

// Batch types n rows of Facts.
func Batch(n int, mark string) *record.Batch {
	b := record.NewBuilder(0, Facts, nil)
	for i := range n {
		b.Integer(int64(i))
		b.Text([]byte(mark))
		b.Raw([]byte(strconv.Itoa(i) + ".25"))
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}

// LoadOf describes a load of batches of a shape into the table facts, always of one slice.
func LoadOf(shape record.Table, batches ...*record.Batch) sinks.Load {
	tally := record.NewTally(shape)
	for _, b := range batches {
		tally.Add(b)
	}
	return sinks.Load{
		Slice: sinks.Slice{Job: "facts", Part: "north", Start: Day, End: Day.AddDate(0, 0, 1)},
		Run:   "run-1", LoadID: rand.Text(), Mode: sinks.Replace, Definition: "d1",
		Tables:    []sinks.Table{{Name: "facts", Shape: shape, Tally: tally}},
		Announced: tally.Rows, Read: tally.Rows,
	}
}

// Attempt loads batches, and aborts whatever comes of it.
func Attempt(t testing.TB, s sinks.Sink, l sinks.Load, batches ...*record.Batch) error {
	t.Helper()
	w, err := s.Begin(t.Context(), l)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err == nil {
			err = w.Write(t.Context(), b)
		}
	}
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Errorf("abort: %v", err)
	}
	return err
}

// Many is a table of n columns beside its id, and a row of it.
func Many(n int) (record.Table, *record.Batch) {
	shape := record.Table{Columns: []record.Column{{Name: "id", Type: record.Integer}}, Key: []string{"id"}}
	for i := range n {
		shape.Columns = append(shape.Columns, record.Column{Name: "c" + strconv.Itoa(i), Type: record.Text})
	}
	b := record.NewBuilder(0, shape, nil)
	b.Integer(1)
	for range n {
		b.Text([]byte("x"))
	}
	b.EndRow(nil)
	rows, _ := b.Take()
	return shape, &rows
}
