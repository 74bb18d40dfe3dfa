package lake_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sinktest"
)

// BenchmarkLoad loads rows of twelve columns into files, in each format.
func BenchmarkLoad(b *testing.B) {
	const rows = 1_000_000
	batches, tally, _ := sinktest.WideData(b, rows, "")
	for _, kind := range []string{"parquet zstd", "parquet gzip", "parquet none", "csv zstd", "csv gzip", "csv none", "jsonl zstd"} {
		b.Run(kind, func(b *testing.B) {
			format, compression, _ := strings.Cut(kind, " ")
			dir := b.TempDir()
			s := openFiles(b, dir, layout(format, compression))
			for b.Loop() {
				l := loadOf(sinktest.Wide12, batches[0])
				l.Tables[0].Tally, l.Announced, l.Read = tally, -1, tally.Rows
				if err := try(b, s, l, batches...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
			_, content := only(b, folder(dir), "facts")
			b.ReportMetric(float64(len(content))/1e6, "MB")
		})
	}
}

// BenchmarkMemory loads a slice in a process of its own, and reports the most that
// the process took of the machine's memory: it does not grow with the slice.
func BenchmarkMemory(b *testing.B) {
	service := newService(b)
	for _, driver := range []string{"files", "gcs"} {
		for _, rows := range []int{1_000_000, 10_000_000} {
			b.Run(driver+" "+strconv.Itoa(rows), func(b *testing.B) {
				for b.Loop() {
					target := driver + " parquet zstd " + service.http.URL + " exports"
					if driver == "files" {
						target = driver + " parquet zstd " + b.TempDir()
					}
					cmd := exec.CommandContext(b.Context(), os.Args[0])
					cmd.Env = append(os.Environ(), memoryVariable+"="+strconv.Itoa(rows)+" "+target)
					out, err := cmd.Output()
					if err != nil {
						b.Fatalf("%v: %s", err, out)
					}
					kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
					if err != nil {
						b.Fatalf("the child says %q: %v", out, err)
					}
					b.ReportMetric(kib/1024, "peak-MiB")
					stored{service, ""}.remove(b, "exports/")
				}
			})
		}
	}
}

// memoryVariable makes the test program load so many rows and print what it took.
const memoryVariable = "LAKE_SINK_MEMORY"

func memoryChild(task string) int {
	text, target, _ := strings.Cut(task, " ")
	most, err := loadMany(text, target)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(most)
	return 0
}

func loadMany(text, target string) (most string, err error) {
	ctx := context.Background()
	rows, err := strconv.Atoi(text)
	if err != nil {
		return "", err
	}
	s, err := openTarget(ctx, target)
	if err != nil {
		return "", err
	}
	w, err := s.Begin(ctx, wideLoad(rows))
	if err != nil {
		return "", err
	}
	for i := 0; i < rows; i += 10_000 {
		if err := w.Write(ctx, wideBatch(i)); err != nil {
			return "", err
		}
	}
	if _, err := w.Commit(ctx); err != nil {
		return "", err
	}
	status, err := os.ReadFile("/proc/self/status")
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	most, _, _ = strings.Cut(strings.TrimSpace(line), " ")
	return most, err
}

// wideLoad describes a load of batches that are made when they are needed.
func wideLoad(rows int) sinks.Load {
	l := loadOf(sinktest.Wide12, wideBatch(0))
	tally := record.NewTally(sinktest.Wide12)
	for i := 0; i < rows; i += 10_000 {
		tally.Add(wideBatch(i))
	}
	l.Tables[0].Tally, l.Announced, l.Read = tally, -1, tally.Rows
	return l
}

// wideBatch makes 10,000 rows.
func wideBatch(first int) *record.Batch {
	b := record.NewBuilder(0, sinktest.Wide12, nil)
	for i := first; i < first+10_000; i++ {
		at := day.Add(time.Duration(i) * 7 * time.Millisecond)
		b.Integer(int64(i))
		b.Timestamp(at)
		b.Raw(at.AppendFormat(nil, time.DateOnly))
		b.Integer(int64(i % 97))
		b.Integer(int64(i % 10_007))
		b.Integer(int64(i % 3))
		b.Text([]byte("campaign " + strconv.Itoa(i%400)))
		b.Text([]byte("some keyword " + strconv.Itoa(i%30_000)))
		b.Text([]byte("https://www.example.com/path/" + strconv.Itoa(i*7919%1_000_003)))
		b.Raw([]byte(strconv.Itoa(i%900) + ".25"))
		b.Raw([]byte(strconv.Itoa(i*7%90_000) + ".125"))
		b.Boolean(i%2 == 0)
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}
