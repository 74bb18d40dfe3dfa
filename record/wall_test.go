package record_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"exporter/record"
)

// TestTimesDoNotDependOnThoseBefore: a builder remembers for how long an offset holds;
// each of its times has to be the one that looking it up every time gives.
func TestTimesDoNotDependOnThoseBefore(t *testing.T) {
	table := record.Table{Columns: []record.Column{{Name: "at", Type: record.Timestamp}}}
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		b := record.NewBuilder(0, table, zone)
		var walls []string
		for range 2000 {
			at := time.Date(1900+r.IntN(250), 1, 1, 0, 0, r.IntN(366*86400), 0, time.UTC)
			if shift := record.NextShift(at.In(zone)); !shift.IsZero() && r.IntN(2) == 0 {
				at = shift.Add(time.Duration(r.IntN(6*3600)-3*3600) * time.Second).In(zone) // near a change of the clock
			}
			walls = append(walls, at.Format(time.DateTime))
		}
		for _, wall := range walls {
			b.Raw([]byte(wall))
			b.EndRow(func() []byte { return nil })
		}
		rows, _ := b.Take()
		if rows.Rows() != len(walls) {
			t.Fatalf("%s: %d rows of %d", name, rows.Rows(), len(walls))
		}
		for i, wall := range walls {
			micro, err := record.ParseWall([]byte(wall))
			if err != nil {
				t.Fatal(err)
			}
			cell, _ := rows.Cell(i, 0)
			if got, want := record.Int(cell), lookedUp(micro, zone); got != want {
				t.Fatalf("%s: %s is %d, want %d", name, wall, got, want)
			}
		}
	}
}

func lookedUp(wall int64, zone *time.Location) int64 {
	offset := func(micro int64) int64 {
		_, sec := time.UnixMicro(micro).In(zone).Zone()
		return int64(sec) * 1e6
	}
	before := offset(wall - 86400e6)
	early := wall - before
	after := offset(early)
	if late := wall - after; after != before && offset(late) == after {
		return late
	}
	return early
}
