package lake_test

import (
	"strconv"
	"testing"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/lake"
	"exporter/sinks/sinktest"
)

func layout(format, compression string) lake.Layout {
	return lake.Layout{Format: format, Compression: compression, PartSize: 1 << 30}
}

// openFiles opens a sink of a folder as a process would that is started anew.
func openFiles(t testing.TB, dir string, l lake.Layout) sinks.Sink {
	t.Helper()
	c := &lake.FilesConfig{Layout: l, Dir: dir}
	if p := c.Validate(); len(p) > 0 {
		t.Fatalf("validate: %v", p)
	}
	return closing(t)(lake.Files().Open(t.Context(), c))
}

// openBucket opens a sink of a bucket of an emulator, nil of what the environment names.
func openBucket(t testing.TB, at *service, prefix string, l lake.Layout) sinks.Sink {
	t.Helper()
	c := &lake.GCSConfig{Layout: l, Bucket: testBucket, Prefix: prefix}
	if p := c.Validate(); len(p) > 0 {
		t.Fatalf("validate: %v", p)
	}
	s := closing(t)(lake.GCS().Open(t.Context(), c))
	lake.SetPace(s)
	if at != nil {
		lake.SetService(s, at.http.URL)
	}
	return s
}

func closing(t testing.TB) func(sinks.Sink, error) sinks.Sink {
	return func(s sinks.Sink, err error) sinks.Sink {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
}

var (
	facts = func() record.Table { t := sinktest.Facts; t.Key = []string{"id"}; return t }()
	day   = sinktest.Day
)

// batch types n rows of a table with the columns of facts.
func batch(table, n int, mark string) *record.Batch {
	b := sinktest.Batch(n, mark)
	b.Table = table
	return b
}

// loadOf describes a load of one slice whose n-th table has the n-th batch.
func loadOf(shape record.Table, batches ...*record.Batch) sinks.Load {
	l := sinktest.LoadOf(shape)
	first := l.Tables[0].Name
	l.Tables = nil
	for i, b := range batches {
		tally := record.NewTally(shape)
		tally.Add(b)
		name := first
		if i > 0 {
			name += "_" + strconv.Itoa(i)
		}
		l.Tables = append(l.Tables, sinks.Table{Name: name, Shape: shape, Tally: tally})
		l.Read += tally.Rows
	}
	l.Announced = l.Read
	return l
}

// bring loads batches of facts into the one slice.
func bring(t testing.TB, s sinks.Sink, batches ...*record.Batch) {
	t.Helper()
	if err := try(t, s, loadOf(facts, batches...), batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
}

// try loads batches, and aborts whatever comes of it.
var try = sinktest.Attempt
